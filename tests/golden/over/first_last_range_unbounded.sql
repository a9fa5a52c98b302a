-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, FIRST_VALUE(v) OVER (PARTITION BY k ORDER BY ts ) AS f, LAST_VALUE(v) OVER (PARTITION BY k ORDER BY ts ) AS l, FIRST_VALUE(s) OVER (PARTITION BY k ORDER BY ts ) AS fs, LAST_VALUE(s) OVER (PARTITION BY k ORDER BY ts ) AS ls FROM t;
