-- DISTINCT rows never change.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE k (item STRING) WITH ('connector' = 'kafka', 'topic' = 'k', 'properties.bootstrap.servers' = 'localhost:9092', 'format' = 'json');
INSERT INTO k SELECT DISTINCT item FROM bid;
