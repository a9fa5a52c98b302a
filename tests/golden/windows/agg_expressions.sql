-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start,
  SUM(price) / COUNT(price) AS mean, SUM(price) * 1.0 / COUNT(*) AS exact, COUNT(*) * 100 AS hundredfold,
  SUM(price * 2 + 1) AS doubled, SUM(CASE WHEN item = 'a' THEN price ELSE 0 END) AS of_a, COALESCE(SUM(price), -1) AS known,
  MAX(price) - MIN(price) AS spread, SUM(price) IS NULL AS nothing, CAST(AVG(price) AS DOUBLE) AS avg_double
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
