-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesytem', 'path' = '/tmp/t', 'format' = 'json');
SELECT id FROM t;
