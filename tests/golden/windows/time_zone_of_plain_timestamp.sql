-- A TIMESTAMP has no zone: its windows do not move.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SET 'table.local-time-zone' = 'Asia/Kolkata';
SELECT window_start, window_end, COUNT(*) AS n, CAST(MAX(ts) AS TIMESTAMP_LTZ(3)) AS latest
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end;
