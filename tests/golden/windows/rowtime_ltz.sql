-- @events times.jsonl
CREATE TABLE r (id INT, k STRING, v INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, window_end, window_time, k, COUNT(*) AS n, SUM(v) AS total
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ltz), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, window_time, k;
