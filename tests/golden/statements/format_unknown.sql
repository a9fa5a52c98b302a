-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = '/tmp/t', 'format' = 'jsn');
SELECT id FROM t;
