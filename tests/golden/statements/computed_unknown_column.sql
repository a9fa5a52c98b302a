CREATE TABLE t (id INT, w AS v + 1) WITH ('connector' = 'print');
