-- In the order of arrival, not of event time; NULL does not count.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, item, FIRST_VALUE(price) AS first_price, LAST_VALUE(price) AS last_price, FIRST_VALUE(bidder) AS first_bidder, LAST_VALUE(bidder) AS last_bidder, LAST_VALUE(id) AS last_id
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, item;
