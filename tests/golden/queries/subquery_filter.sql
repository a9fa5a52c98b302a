-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT s.id, s.w FROM (SELECT id, v * 2 AS w FROM e WHERE k = 'x') AS s WHERE s.w > 10;
