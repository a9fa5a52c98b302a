-- Rows come out with the watermark from before their firing.
-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, ts, n, CURRENT_WATERMARK(ts) AS wm FROM (SELECT id, ts, COUNT(*) OVER (PARTITION BY k ORDER BY ts) AS n FROM t);
