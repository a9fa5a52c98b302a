-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT COUNT(DISTINCT bidder) AS b, COUNT(DISTINCT bidder) FILTER (WHERE price > 10) AS rich, COUNT(DISTINCT bidder) FILTER (WHERE item = 'a') AS a FROM bid;
