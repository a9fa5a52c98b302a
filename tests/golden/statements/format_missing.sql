-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '/tmp/t');
SELECT id FROM t;
