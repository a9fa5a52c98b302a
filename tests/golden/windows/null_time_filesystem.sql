-- Other sources get an operator for watermarks, which refuses a NULL time.
-- @events null_times.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id, ts FROM e;
