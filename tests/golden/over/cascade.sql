-- Sessions by a gap, numbered: OVER over OVER over OVER.
-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW gaps AS SELECT id, k, ts, CASE WHEN TIMESTAMPDIFF(SECOND, LAG(ts) OVER (PARTITION BY k ORDER BY ts), ts) < 8 THEN 0 ELSE 1 END AS fresh FROM t;
CREATE VIEW sessions AS SELECT id, k, ts, SUM(fresh) OVER (PARTITION BY k ORDER BY ts) AS session FROM gaps;
SELECT id, k, session, COUNT(*) OVER (PARTITION BY k, session ORDER BY ts ROWS UNBOUNDED PRECEDING) AS nth FROM sessions;
