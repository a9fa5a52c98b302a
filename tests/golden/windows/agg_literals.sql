-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, COUNT(1) AS c1, COUNT(CAST(NULL AS INT)) AS c0, SUM(1) AS ones, SUM(CAST(NULL AS INT)) AS nulls, MAX('x') AS x, MIN(2.50) AS d, AVG(1) AS avg_one, FIRST_VALUE(7) AS seven
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
