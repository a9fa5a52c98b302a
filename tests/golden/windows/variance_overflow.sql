-- @events edge_numbers.jsonl
CREATE TABLE n (k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(38, 0), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'n', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT k, VAR_POP(t) AS t, VAR_POP(s) AS s, VAR_POP(i) AS i, STDDEV_POP(t) AS st, STDDEV_POP(s) AS ss, STDDEV_POP(i) AS si, VAR_POP(CAST(i AS DOUBLE)) AS id
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
