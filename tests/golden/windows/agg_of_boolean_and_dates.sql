-- @events measures.jsonl
CREATE TABLE m (
  k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10, 2), st STRING, vc VARCHAR(5), ch CHAR(3), bo BOOLEAN, dt DATE,
  tm TIME(0), tz TIMESTAMP(3), l TIMESTAMP_LTZ(3), `by` BYTES, ar ARRAY<INT>, r ROW<x INT, y STRING>, mp MAP<STRING, INT>, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'm', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, k,
  COUNT(bo) AS bo_n, MIN(bo) AS bo_lo, MAX(bo) AS bo_hi, FIRST_VALUE(bo) AS bo_fv, LAST_VALUE(bo) AS bo_lv, COLLECT(bo) AS bo_bag, ARRAY_AGG(bo) AS bo_arr,
  COUNT(dt) AS dt_n, MIN(dt) AS dt_lo, MAX(dt) AS dt_hi, FIRST_VALUE(dt) AS dt_fv, LAST_VALUE(dt) AS dt_lv, COLLECT(dt) AS dt_bag, ARRAY_AGG(dt) AS dt_arr,
  COUNT(tm) AS tm_n, MIN(tm) AS tm_lo, MAX(tm) AS tm_hi, FIRST_VALUE(tm) AS tm_fv, LAST_VALUE(tm) AS tm_lv, COLLECT(tm) AS tm_bag, ARRAY_AGG(tm) AS tm_arr
FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, k;
