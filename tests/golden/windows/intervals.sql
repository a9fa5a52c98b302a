-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, ts + INTERVAL '1' DAY AS d, ts - INTERVAL '1' MONTH AS m, ts + INTERVAL '1-2' YEAR TO MONTH AS ym, ts + INTERVAL '1 02:03:04.567' DAY TO SECOND AS ds,
  INTERVAL '90' MINUTE AS iv, INTERVAL '2' YEAR AS years, INTERVAL '10' SECOND * 3 AS thrice, TIMESTAMPDIFF(SECOND, ts, ts + INTERVAL '2' HOUR) AS secs, (ts, INTERVAL '5' SECOND) OVERLAPS (TIMESTAMP '2024-01-01 00:00:12', INTERVAL '1' SECOND) AS hits
FROM bid;
