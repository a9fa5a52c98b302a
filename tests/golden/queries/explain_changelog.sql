CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
EXPLAIN CHANGELOG_MODE SELECT k, COUNT(*) FROM e GROUP BY k;
