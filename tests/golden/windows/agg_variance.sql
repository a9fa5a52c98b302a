-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, item, STDDEV_POP(CAST(price AS DOUBLE)) AS sp, STDDEV_SAMP(CAST(price AS DOUBLE)) AS ss, VAR_POP(CAST(price AS DOUBLE)) AS vp, VAR_SAMP(CAST(price AS DOUBLE)) AS vs, STDDEV(CAST(price AS DOUBLE)) AS s, VARIANCE(CAST(price AS DOUBLE)) AS v, STDDEV_POP(price) AS whole
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, item;
