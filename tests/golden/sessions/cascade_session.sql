-- Sessions over windows.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW s AS SELECT window_time AS rt, bidder, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '3' SECOND)) GROUP BY window_start, window_end, window_time, bidder;
SELECT window_start, window_end, bidder, SUM(n) AS n, COUNT(*) AS windows FROM TABLE(SESSION(TABLE s PARTITION BY bidder, DESCRIPTOR(rt), INTERVAL '7' SECOND)) GROUP BY window_start, window_end, bidder;
