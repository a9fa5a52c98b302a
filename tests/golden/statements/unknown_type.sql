CREATE TABLE t (id INTEGR, k STRING) WITH ('connector' = 'print');
