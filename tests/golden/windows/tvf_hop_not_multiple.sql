-- Without an aggregate the size need not be a multiple of the slide.
-- @events partly.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id, window_start, window_end FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '12' SECOND));
