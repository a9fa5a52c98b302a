CREATE TABLE t (id INT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'print');
