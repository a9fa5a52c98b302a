-- The same window again: its rows come with the firing that made them, and are never late.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW small AS
SELECT window_time AS t, item, MAX(price) AS top
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, window_time, item;
SELECT window_start, window_end, AVG(top) AS mean_top, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE small, DESCRIPTOR(t), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
