CREATE TABLE t (id INT, PRIMARY KEY (id) ENFORCED) WITH ('connector' = 'print');
