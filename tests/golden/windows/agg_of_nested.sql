-- @events measures.jsonl
CREATE TABLE m (
  k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10, 2), st STRING, vc VARCHAR(5), ch CHAR(3), bo BOOLEAN, dt DATE,
  tm TIME(0), tz TIMESTAMP(3), l TIMESTAMP_LTZ(3), `by` BYTES, ar ARRAY<INT>, r ROW<x INT, y STRING>, mp MAP<STRING, INT>, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'm', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, COUNT(`by`) AS by_n, FIRST_VALUE(`by`) AS by_fv, LAST_VALUE(`by`) AS by_lv, ARRAY_AGG(`by`) AS by_arr, COUNT(ar) AS ar_n, FIRST_VALUE(ar) AS ar_fv, ARRAY_AGG(ar) AS ar_arr, COLLECT(ar) AS ar_bag,
  COUNT(r) AS r_n, FIRST_VALUE(r) AS r_fv, LAST_VALUE(r) AS r_lv, ARRAY_AGG(r) AS r_arr, COLLECT(r) AS r_bag, COUNT(mp) AS mp_n, LAST_VALUE(mp) AS mp_lv, ARRAY_AGG(mp) AS mp_arr
FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
