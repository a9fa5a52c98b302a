-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT item, SUM(CAST(price AS DOUBLE) / 3) AS s, AVG(CAST(price AS FLOAT)) AS f, SUM(CAST(price AS DECIMAL(10, 2))) AS d FROM bid GROUP BY item;
