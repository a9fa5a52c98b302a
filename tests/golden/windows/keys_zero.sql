-- 0.0 and -0.0 are two keys of a DOUBLE or FLOAT, 1 and 1.00 are one of a DECIMAL.
-- @events zeros.jsonl
CREATE TABLE z (d DOUBLE, f FLOAT, c DECIMAL(5, 2), ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 'z', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, d, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, d;
SELECT window_start, f, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, f;
SELECT window_start, c, COUNT(*) AS n, COUNT(DISTINCT d) AS ds, MIN(d) AS lo, MAX(d) AS hi FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, c;
