-- @events csv.jsonl
CREATE TABLE e (id INT, k STRING, v DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'csv', 'csv.null-literal' = '');
SELECT window_start, k, COUNT(v) AS n, SUM(v) AS total FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;
