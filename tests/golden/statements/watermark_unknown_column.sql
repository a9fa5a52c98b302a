CREATE TABLE t (id INT, ts TIMESTAMP(3), WATERMARK FOR tz AS tz) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json');
