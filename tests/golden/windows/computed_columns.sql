-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, price INT, doubled AS price * 2, tag AS CONCAT(item, '-', CAST(id AS STRING)), ts TIMESTAMP(3), minute_of AS DATE_FORMAT(ts, 'mm:ss'), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, SUM(doubled) AS doubled, MAX(tag) AS tag, MIN(minute_of) AS first_minute
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
