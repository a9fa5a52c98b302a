-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (id INT, day_of STRING, k STRING) PARTITIONED BY (day_of, k) WITH ('connector' = 'filesystem', 'path' = 'p', 'format' = 'json');
INSERT INTO p PARTITION (day_of = '2024-01-01') SELECT id, k FROM e;
