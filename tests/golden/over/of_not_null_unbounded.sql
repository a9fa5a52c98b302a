-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, AVG(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ) AS a, VAR_SAMP(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ) AS vs, VAR_POP(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ) AS vp, STDDEV_SAMP(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ) AS ss, FIRST_VALUE(COALESCE(v, 0)) OVER (PARTITION BY k ORDER BY ts ) AS f FROM t;
