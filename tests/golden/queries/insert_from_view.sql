-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TEMPORARY VIEW w AS SELECT id, v FROM e WHERE k = 'y';
CREATE TABLE p (n INT, m INT) WITH ('connector' = 'print');
INSERT INTO p TABLE w;
