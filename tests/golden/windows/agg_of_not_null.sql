-- Arguments that cannot be NULL: what can be NULL in the result.
-- @events bids.jsonl
CREATE TABLE bid (id INT NOT NULL, item STRING, price DECIMAL(5, 1), ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, COUNT(id) AS n, SUM(id) AS s, AVG(id) AS a, MIN(id) AS mi, MAX(id) AS ma, FIRST_VALUE(id) AS fv, LAST_VALUE(id) AS lv, STDDEV_POP(id) AS sp, VAR_SAMP(id) AS vs, COLLECT(id) AS bag, ARRAY_AGG(id) AS arr, PERCENTILE(id, 0.5) AS med, SUM(id) FILTER (WHERE id > 3) AS sf
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
