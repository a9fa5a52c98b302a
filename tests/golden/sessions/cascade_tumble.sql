-- Windows over the sessions' ends.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW s AS SELECT window_time AS rt, item, COUNT(*) AS n FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '7' SECOND)) GROUP BY window_start, window_end, window_time, item;
SELECT window_start, window_end, SUM(n) AS n, COUNT(*) AS sessions FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(rt), INTERVAL '20' SECOND)) GROUP BY window_start, window_end;
