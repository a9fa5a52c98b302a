-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE IF NOT EXISTS e (other STRING) WITH ('connector' = 'print');
SELECT id FROM e WHERE id < 3;
