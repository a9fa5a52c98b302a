CREATE TABLE t (id INT, k STRING, id BIGINT) WITH ('connector' = 'print');
