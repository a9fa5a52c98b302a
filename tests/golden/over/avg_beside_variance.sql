-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, AVG(v * 1000000000) OVER (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING) AS a, VAR_POP(v) OVER (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING) AS p, SUM(v * 1000000000) OVER (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING) AS s FROM t;
