-- Types meet; names are those of the first.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id AS n, 'a' AS s FROM e WHERE id < 3 UNION ALL SELECT v * 1.5, 'bcd' FROM e WHERE id > 12 UNION ALL SELECT 7, k FROM e WHERE id = 7;
