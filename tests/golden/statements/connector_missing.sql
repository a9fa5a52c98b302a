CREATE TABLE t (id INT) WITH ('format' = 'json');
SELECT id FROM t;
