-- Steps of an hour, of which one does not exist.
-- @events spring.jsonl
CREATE TABLE r (id INT, k STRING, v INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '1' HOUR)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL');
SET 'table.local-time-zone' = 'Europe/Oslo';
SELECT window_start, window_end, window_time, COUNT(*) AS n, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' HOUR, INTERVAL '6' HOUR))
GROUP BY window_start, window_end, window_time;
