-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
WITH a AS (SELECT id, v FROM e WHERE k = 'x'), b (n, m) AS (SELECT id + 1, v * 2 FROM a) SELECT n, m FROM b WHERE n > 4;
