-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT e.id, default_database.e.k, default_catalog.default_database.e.v, `e`.`ts` FROM default_catalog.default_database.e;
