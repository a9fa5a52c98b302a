-- @events partly.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) FILTER (WHERE k = 'x') AS xs, SUM(v) FILTER (WHERE id > 9) AS newer, COUNT(DISTINCT k) FILTER (WHERE id > 9) AS ks
FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND))
GROUP BY window_start, window_end;
