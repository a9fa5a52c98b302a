-- Two tables of two formats, fed in one order.
-- @events formats.jsonl
CREATE TABLE a (id INT, s STRING) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'csv', 'csv.field-delimiter' = ';');
CREATE TABLE b (id INT, s STRING) WITH ('connector' = 'kafka', 'topic' = 'b', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, s FROM a UNION ALL SELECT id + 100, s FROM b;
