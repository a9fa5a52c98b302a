-- @events measures.jsonl
CREATE TABLE m (
  k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10, 2), st STRING, vc VARCHAR(5), ch CHAR(3), bo BOOLEAN, dt DATE,
  tm TIME(0), tz TIMESTAMP(3), l TIMESTAMP_LTZ(3), `by` BYTES, ar ARRAY<INT>, r ROW<x INT, y STRING>, mp MAP<STRING, INT>, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'm', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, k,
  COUNT(tz) AS tz_n, MIN(tz) AS tz_lo, MAX(tz) AS tz_hi, FIRST_VALUE(tz) AS tz_fv, LAST_VALUE(tz) AS tz_lv, COLLECT(tz) AS tz_bag, ARRAY_AGG(tz) AS tz_arr,
  COUNT(l) AS l_n, MIN(l) AS l_lo, MAX(l) AS l_hi, FIRST_VALUE(l) AS l_fv, LAST_VALUE(l) AS l_lv, COLLECT(l) AS l_bag, ARRAY_AGG(l) AS l_arr
FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, k;
