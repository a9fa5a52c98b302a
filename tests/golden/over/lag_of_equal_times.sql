-- @events comings.jsonl
CREATE TABLE t (id INT, who STRING, there INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, LAG(there) OVER w AS before, LAG(there, 2) OVER w AS two_before, LAG(ts) OVER w AS ts_before FROM t WINDOW w AS (PARTITION BY who ORDER BY ts);
SELECT
  id,
  CASE WHEN COUNT(*) OVER w = 2 THEN FIRST_VALUE(there) OVER w END AS before,
  FIRST_VALUE(ts) OVER w AS ts_before
FROM t WINDOW w AS (PARTITION BY who ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
