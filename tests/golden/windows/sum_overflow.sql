-- Sums of integers wrap around silently, FLOAT and DOUBLE become infinite.
-- @events edge_numbers.jsonl
CREATE TABLE n (k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(38, 0), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'n', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT k, SUM(t) AS t, SUM(s) AS s, SUM(i) AS i, SUM(b) AS b, SUM(f) AS f, SUM(d) AS d
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
