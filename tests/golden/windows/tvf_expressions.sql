-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, DATE_FORMAT(window_start, 'HH:mm:ss') AS starts, window_end - INTERVAL '1' SECOND AS last_second, TIMESTAMPDIFF(SECOND, window_start, ts) AS into_window,
  CAST(window_end AS STRING) AS as_text, CAST(window_time AS TIMESTAMP(0)) AS whole, EXTRACT(MINUTE FROM window_end) AS minutes
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price > 20 AND window_start < TIMESTAMP '2024-01-01 00:00:40';
