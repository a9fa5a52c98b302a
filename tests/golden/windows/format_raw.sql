-- A log line, cut by functions.
-- @events raw.jsonl
CREATE TABLE log (line STRING, ts AS TO_TIMESTAMP(SPLIT_INDEX(line, ' ', 0), 'yyyy-MM-dd''T''HH:mm:ss'), level AS SPLIT_INDEX(line, ' ', 1), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'log', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'raw');
SELECT window_start, level, COUNT(*) AS n, MAX(REGEXP_EXTRACT(line, 'in (\d+) ms', 1)) AS slowest FROM TABLE(TUMBLE(TABLE log, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, level;
