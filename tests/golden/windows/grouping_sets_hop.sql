-- @events partly.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, window_end, k, GROUPING(k) AS g, COUNT(*) AS n
FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND))
GROUP BY window_start, window_end, GROUPING SETS ((k), ());
