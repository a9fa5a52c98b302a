-- BIGINT into INT is refused, INT into SMALLINT too.
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (a SMALLINT) WITH ('connector' = 'print');
INSERT INTO p SELECT id FROM e;
