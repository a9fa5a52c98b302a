CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, COUNT(*) FROM TABLE(TUMBLE((SELECT COALESCE(ts, TIMESTAMP '2024-01-01 00:00:00') AS t FROM e), DESCRIPTOR(t), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
