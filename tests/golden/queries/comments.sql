-- A comment; with a semicolon.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
/* a block; */ SELECT id /* in between */, k -- to the end; of the line
FROM e WHERE k <> '--; /* no comment */' AND id < 3;
