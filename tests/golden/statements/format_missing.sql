-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = 't');
SELECT id FROM t;
