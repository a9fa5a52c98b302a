-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, SUM(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS s, MIN(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS m, AVG(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS a, VAR_SAMP(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ROWS 1 PRECEDING) AS vs FROM t;
