-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'jsn');
SELECT id FROM t;
