-- @events measures.jsonl
CREATE TABLE m (
  k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10, 2), st STRING, vc VARCHAR(5), ch CHAR(3), bo BOOLEAN, dt DATE,
  tm TIME(0), tz TIMESTAMP(3), l TIMESTAMP_LTZ(3), `by` BYTES, ar ARRAY<INT>, r ROW<x INT, y STRING>, mp MAP<STRING, INT>, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'm', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, k,
  COUNT(st) AS st_n, MIN(st) AS st_lo, MAX(st) AS st_hi, FIRST_VALUE(st) AS st_fv, LAST_VALUE(st) AS st_lv, COLLECT(st) AS st_bag, ARRAY_AGG(st) AS st_arr,
  COUNT(vc) AS vc_n, MIN(vc) AS vc_lo, MAX(vc) AS vc_hi, FIRST_VALUE(vc) AS vc_fv, LAST_VALUE(vc) AS vc_lv, COLLECT(vc) AS vc_bag, ARRAY_AGG(vc) AS vc_arr,
  COUNT(ch) AS ch_n, MIN(ch) AS ch_lo, MAX(ch) AS ch_hi, FIRST_VALUE(ch) AS ch_fv, LAST_VALUE(ch) AS ch_lv, COLLECT(ch) AS ch_bag, ARRAY_AGG(ch) AS ch_arr
FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, k;
