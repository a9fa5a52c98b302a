-- Beside a variance AVG is a SUM, which wraps around in its type, divided by a COUNT.
-- @events edge_numbers.jsonl
CREATE TABLE n (k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(38, 0), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'n', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT k, AVG(t) AS t, AVG(s) AS s, AVG(i) AS i, AVG(DISTINCT i) AS di, STDDEV_POP(t) AS v
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
