-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT CAST(price AS DECIMAL(10, 1)) AS d, CAST(ts AS DATE) AS dd, price > 10 AS more, CAST(price AS DOUBLE) AS f, COUNT(*) AS n FROM bid GROUP BY CAST(price AS DECIMAL(10, 1)), CAST(ts AS DATE), price > 10, CAST(price AS DOUBLE);
