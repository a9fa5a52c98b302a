-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'filesytem', 'path' = 't', 'format' = 'json');
SELECT id FROM t;
