-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, STDDEV_POP(v) OVER (PARTITION BY k ORDER BY ts ) AS a, STDDEV_SAMP(v) OVER (PARTITION BY k ORDER BY ts ) AS b, VAR_POP(v) OVER (PARTITION BY k ORDER BY ts ) AS c, VAR_SAMP(v) OVER (PARTITION BY k ORDER BY ts ) AS e, VAR_POP(d) OVER (PARTITION BY k ORDER BY ts ) AS f, AVG(d) OVER (PARTITION BY k ORDER BY ts ) AS g, SUM(d) OVER (PARTITION BY k ORDER BY ts ) AS h FROM t;
