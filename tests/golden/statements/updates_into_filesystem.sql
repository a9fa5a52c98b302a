CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (k STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'p', 'format' = 'json');
INSERT INTO p SELECT k, COUNT(*) FROM e GROUP BY k;
