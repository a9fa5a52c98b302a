-- How long a day is: its borders as moments.
-- @events autumn.jsonl
CREATE TABLE r (id INT, k STRING, v INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '1' HOUR)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL');
SET 'table.local-time-zone' = 'Europe/Oslo';
SELECT window_start, TIMESTAMPDIFF(MINUTE, CAST(window_start AS TIMESTAMP_LTZ(3)), CAST(window_end AS TIMESTAMP_LTZ(3))) AS minutes, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' DAY))
GROUP BY window_start, window_end;
