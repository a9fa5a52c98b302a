CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
ALTER TABLE e ADD (w STRING, x AS v * 2);
ALTER TABLE e RENAME w TO z;
ALTER TABLE e DROP x;
ALTER TABLE e SET ('format' = 'csv');
ALTER TABLE e MODIFY WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE;
DESCRIBE e;
ALTER TABLE e RENAME TO f;
SHOW TABLES;
