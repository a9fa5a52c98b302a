-- Windows of windows, by window_time.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW small AS
SELECT window_time AS t, item, COUNT(*) AS n, SUM(price) AS total
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, window_time, item;
SELECT window_start, window_end, SUM(n) AS n, SUM(total) AS total, COUNT(DISTINCT item) AS items
FROM TABLE(TUMBLE(TABLE small, DESCRIPTOR(t), INTERVAL '20' SECOND))
GROUP BY window_start, window_end;
