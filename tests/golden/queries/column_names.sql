-- Duplicates are numbered, expressions are named by their place.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id, id, id + 1, id AS a, k AS a, v a, COUNT(*) OVER (PARTITION BY k ORDER BY ts) FROM e;
