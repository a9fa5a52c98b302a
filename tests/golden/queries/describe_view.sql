-- @text-differs Flink shows a view's query as it has understood it, Penstock as it was written
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE VIEW w AS SELECT id + 1 AS n, k, ts FROM e;
DESCRIBE w;
SHOW CREATE VIEW w;
