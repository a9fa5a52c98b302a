-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, PERCENTILE(price, 0.5) AS median, PERCENTILE(price, 0.0) AS least, PERCENTILE(price, 1) AS greatest, PERCENTILE(price, 0.33) AS third, PERCENTILE(price, ARRAY[0.25, 0.5, 0.75]) AS quartiles, PERCENTILE(price, 0.5, id) AS weighted
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
