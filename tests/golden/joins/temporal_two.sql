-- @events rates.jsonl
CREATE TABLE o (id INT, c STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'o', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE r (c STRING, rate INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND, PRIMARY KEY (c) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'key.format' = 'json', 'value.format' = 'json');
SELECT o.id, r.rate, x.rate AS again FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts ON o.c = r.c JOIN r FOR SYSTEM_TIME AS OF o.ts AS x ON o.c = x.c;
