-- Merged from slices, each in order of arrival.
-- @events partly.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, window_end, FIRST_VALUE(id) AS first_id, LAST_VALUE(id) AS last_id, FIRST_VALUE(k) AS first_k, LAST_VALUE(k) AS last_k
FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
GROUP BY window_start, window_end;
