-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id, CAST(id * 100.5 AS DECIMAL(5, 2)) AS d, TRY_CAST(id * 100.5 AS DECIMAL(5, 2)) AS t FROM e;
