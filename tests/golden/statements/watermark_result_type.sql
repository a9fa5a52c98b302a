CREATE TABLE t (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS id) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json');
