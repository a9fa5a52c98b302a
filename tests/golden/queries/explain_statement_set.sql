CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (id INT) WITH ('connector' = 'print');
CREATE TABLE q (k STRING) WITH ('connector' = 'print');
EXPLAIN STATEMENT SET BEGIN
INSERT INTO p SELECT id FROM e;
INSERT INTO q SELECT k FROM e;
END;
