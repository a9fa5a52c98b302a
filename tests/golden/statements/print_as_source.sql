-- @connectors real
CREATE TABLE t (id INT) WITH ('connector' = 'print');
SELECT id FROM t;
