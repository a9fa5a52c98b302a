-- A broken field is NULL, a broken line is skipped.
-- @events broken.jsonl
CREATE TABLE t (id INT, v INT) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
SELECT id, v FROM t;
