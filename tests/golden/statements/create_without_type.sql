CREATE TABLE t (id, k STRING) WITH ('connector' = 'print');
