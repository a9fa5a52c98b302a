CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE VIEW w AS SELECT id FROM e;
DROP VIEW w;
DROP TABLE IF EXISTS nowhere;
DROP TABLE e;
SHOW TABLES;
