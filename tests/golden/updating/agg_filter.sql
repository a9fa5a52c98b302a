-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT item, COUNT(*) FILTER (WHERE price > 10) AS many, SUM(price) FILTER (WHERE bidder = 'ann') AS ann, MIN(price) FILTER (WHERE price IS NOT NULL AND id > 3) AS low FROM bid GROUP BY item;
