-- The filter comes after the watermarks.
-- @events null_times.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE VIEW timed AS SELECT * FROM e WHERE ts IS NOT NULL;
SELECT window_start, window_end, COUNT(*) AS n, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE timed, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
