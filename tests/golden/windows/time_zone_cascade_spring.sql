-- Hours into days, of which one has 23.
-- @events spring.jsonl
CREATE TABLE r (id INT, k STRING, v INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '1' HOUR)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.timestamp-format.standard' = 'SQL');
SET 'table.local-time-zone' = 'Europe/Oslo';
CREATE VIEW hours AS SELECT window_time AS t, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ltz), INTERVAL '1' HOUR)) GROUP BY window_start, window_end, window_time;
SELECT window_start, window_end, SUM(n) AS n, COUNT(*) AS hours FROM TABLE(TUMBLE(TABLE hours, DESCRIPTOR(t), INTERVAL '1' DAY)) GROUP BY window_start, window_end;
