-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW a AS SELECT window_time AS t, item, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, window_time, item;
CREATE VIEW b AS SELECT window_time AS t, item, SUM(n) AS n FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(t), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time, item;
SELECT window_start, window_end, SUM(n) AS n, COUNT(*) AS parts FROM TABLE(TUMBLE(TABLE b, DESCRIPTOR(t), INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
