-- The window's columns under other names are still the window.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT a, b, COUNT(*) AS n FROM (SELECT window_start AS a, window_end AS b, id FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND))) GROUP BY a, b;
