CREATE TABLE t (user STRING, value INT) WITH ('connector' = 'print');
