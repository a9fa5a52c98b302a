-- The time attribute is itself computed from another column.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, ts TIMESTAMP(3), shifted AS ts + INTERVAL '7' SECOND, WATERMARK FOR shifted AS shifted - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS n, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(shifted), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
