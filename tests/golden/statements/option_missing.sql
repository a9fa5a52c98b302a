-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'format' = 'json');
SELECT id FROM t;
