-- @events measures.jsonl
CREATE TABLE m (
  k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10, 2), st STRING, vc VARCHAR(5), ch CHAR(3), bo BOOLEAN, dt DATE,
  tm TIME(0), tz TIMESTAMP(3), l TIMESTAMP_LTZ(3), `by` BYTES, ar ARRAY<INT>, r ROW<x INT, y STRING>, mp MAP<STRING, INT>, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'm', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT COUNT(DISTINCT t) AS t, COUNT(DISTINCT s) AS s, COUNT(DISTINCT i) AS i, COUNT(DISTINCT b) AS b, COUNT(DISTINCT f) AS f, COUNT(DISTINCT d) AS d, COUNT(DISTINCT c) AS c,
  COUNT(DISTINCT st) AS st, COUNT(DISTINCT vc) AS vc, COUNT(DISTINCT ch) AS ch, COUNT(DISTINCT bo) AS bo, COUNT(DISTINCT dt) AS dt, COUNT(DISTINCT tm) AS tm, COUNT(DISTINCT tz) AS tz, COUNT(DISTINCT l) AS l
FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
