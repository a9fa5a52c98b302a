-- Not with =, >, <; but in IN and BETWEEN.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT id FROM e WHERE id IN ('1', '2', '12') OR id BETWEEN '8' AND 9;
