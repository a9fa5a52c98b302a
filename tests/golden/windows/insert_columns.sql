-- Named columns in another order; the rest is NULL; values are cast.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE per_item (starts TIMESTAMP(3), note STRING, item VARCHAR(10), n INT, total DECIMAL(12, 2)) WITH ('connector' = 'kafka', 'topic' = 'per_item', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
INSERT INTO per_item (n, item, total, starts) SELECT CAST(COUNT(*) AS INT), CAST(item AS VARCHAR(10)), CAST(SUM(price) AS DECIMAL(12, 2)), window_start FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, item;
