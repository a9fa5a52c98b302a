-- @events history_late.jsonl
CREATE TABLE o (id INT, c STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '0' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'o', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE h (c STRING, rate INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '0' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'h', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW r AS SELECT c, rate, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY c ORDER BY ts DESC) AS n FROM h) WHERE n = 1;
SELECT o.id AS id, o.c AS c, o.ts AS ts, r.rate AS rate, r.ts AS rts FROM o LEFT JOIN r FOR SYSTEM_TIME AS OF o.ts ON o.c = r.c;
