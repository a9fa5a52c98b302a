-- Both branches read the same rows.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW twice AS SELECT item, 1 AS sign, ts FROM bid WHERE price > 20 UNION ALL SELECT item, 0, ts FROM bid WHERE price <= 20;
SELECT window_start, item, SUM(sign) AS dear, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE twice, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, item;
