-- @events missing_field.jsonl
CREATE TABLE t (id INT, v INT) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json', 'json.fail-on-missing-field' = 'true');
SELECT id, v FROM t;
