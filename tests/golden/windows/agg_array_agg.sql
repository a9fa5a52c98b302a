-- NULL is kept; the order is that of arrival.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, ARRAY_AGG(price) AS prices, ARRAY_AGG(item) AS items, ARRAY_SORT(ARRAY_AGG(DISTINCT bidder)) AS bidders, ARRAY_AGG(id) FILTER (WHERE price > 50) AS dear
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
