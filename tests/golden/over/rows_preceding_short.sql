-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, COUNT(*) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS n, COUNT(v) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS c, SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS s, AVG(v) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS a, MIN(v) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS lo, MAX(v) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS hi FROM t;
