-- @refused sql-updating-input
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW counted AS SELECT item, bidder, COUNT(*) AS n, SUM(price) AS total FROM bid GROUP BY item, bidder;
SELECT item, FIRST_VALUE(n) AS f, LAST_VALUE(n) AS l FROM counted GROUP BY item;
