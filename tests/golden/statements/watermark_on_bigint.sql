CREATE TABLE t (id INT, ts BIGINT, WATERMARK FOR ts AS ts - 5) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json');
