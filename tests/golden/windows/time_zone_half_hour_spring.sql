-- Half an hour is left out.
-- @events howe_spring.jsonl
CREATE TABLE r (id INT, k STRING, v INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '0' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL');
SET 'table.local-time-zone' = 'Australia/Lord_Howe';
SELECT window_start, window_end, window_time, COUNT(*) AS n, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ltz), INTERVAL '30' MINUTE))
GROUP BY window_start, window_end, window_time;
