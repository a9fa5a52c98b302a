-- A TIMESTAMP made of seconds by way of text.
-- @events times.jsonl
CREATE TABLE r (id INT, k STRING, v INT, sec BIGINT, ts AS TO_TIMESTAMP(FROM_UNIXTIME(sec)), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS n, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
