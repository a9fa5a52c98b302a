-- The text is read as a timestamp.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id FROM e WHERE ts > '2024-01-01 00:00:10' AND ts < '2024-01-01 00:00:40.5';
