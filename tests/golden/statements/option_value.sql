-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = 'five');
SELECT id FROM t;
