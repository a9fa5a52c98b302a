-- @events partly.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS ks, SUM(n) AS n
FROM (
  SELECT window_start, window_end, k, COUNT(*) AS n
  FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND))
  GROUP BY window_start, window_end, k
)
WHERE n > 1
GROUP BY window_start, window_end;
