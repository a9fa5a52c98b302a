-- 0.0 and -0.0 are two values to DISTINCT, and the first of them is the MIN and the MAX.
-- @events zeros.jsonl
CREATE TABLE z (d DOUBLE, f FLOAT, c DECIMAL(5, 2), ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 'z', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, COUNT(DISTINCT d) AS n, SUM(DISTINCT f) AS s, COUNT(DISTINCT f) AS nf, MAX(f) AS hi FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(DISTINCT d) AS n, COUNT(DISTINCT d * 0) AS z FROM TABLE(CUMULATE(TABLE z, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY window_start, window_end;
