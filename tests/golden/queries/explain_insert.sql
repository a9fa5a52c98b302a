CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (id INT) WITH ('connector' = 'print');
EXPLAIN INSERT INTO p SELECT id FROM e;
