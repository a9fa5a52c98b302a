-- Weeks that begin on a Monday: the epoch was a Thursday.
-- @events far.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '7' DAY, INTERVAL '4' DAY))
GROUP BY window_start, window_end;
