-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, COUNT(DISTINCT bidder) AS all_bidders, COUNT(DISTINCT bidder) FILTER (WHERE item = 'a') AS of_a, COUNT(DISTINCT bidder) FILTER (WHERE price > 20) AS dear, SUM(DISTINCT price) FILTER (WHERE item <> 'c') AS total, COUNT(DISTINCT item) AS items
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
