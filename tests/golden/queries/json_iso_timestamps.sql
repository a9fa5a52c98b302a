-- @events iso.jsonl
CREATE TABLE t (id INT, ts TIMESTAMP(3), z TIMESTAMP_LTZ(3)) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
SELECT id, ts, z FROM t;
