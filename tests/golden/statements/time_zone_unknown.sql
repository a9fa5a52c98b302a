CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SET 'table.local-time-zone' = 'Mars/Olympus';
SELECT CAST(ts AS TIMESTAMP_LTZ(3)) FROM e;
