-- An ORDER BY with a LIMIT is a Top-N.
-- @events trades.jsonl
-- @refused sql-unsupported
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, v FROM t ORDER BY v DESC LIMIT 3;
