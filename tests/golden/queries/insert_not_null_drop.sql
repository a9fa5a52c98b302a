-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (id INT, k STRING NOT NULL) WITH ('connector' = 'print');
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
INSERT INTO p SELECT id, CASE WHEN id < 3 THEN k END FROM e;
