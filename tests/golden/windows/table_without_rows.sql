-- A table that never says anything; at the end of input its watermark does not hold anything back.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE l (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'l', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW both_sides AS SELECT id, ts FROM bid UNION ALL SELECT id, ts FROM l;
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE both_sides, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
