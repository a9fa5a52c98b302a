CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (a INT) WITH ('connector' = 'print');
INSERT INTO p SELECT CAST(id AS BIGINT) FROM e;
