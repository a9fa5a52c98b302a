-- @events iso.jsonl
CREATE TABLE t (id INT, k STRING, v INT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
SELECT id, ts, SUM(v) OVER (PARTITION BY k ORDER BY ts) AS s, LAG(v) OVER (PARTITION BY k ORDER BY ts) AS l FROM t;
