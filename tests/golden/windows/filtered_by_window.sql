-- A condition on the window's own columns.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
WHERE EXTRACT(SECOND FROM window_start) IN (0, 20, 25) AND window_end < TIMESTAMP '2024-01-01 00:00:50'
GROUP BY window_start, window_end;
