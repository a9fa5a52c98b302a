-- @events json.jsonl
CREATE TABLE j (id INT, s STRING, n DOUBLE, b BOOLEAN, r ROW<x INT>, a ARRAY<INT>, m MAP<STRING, INT>, d DECIMAL(6, 2), dt DATE, t TIME, ts TIMESTAMP(3), z TIMESTAMP_LTZ(3), y BYTES) WITH ('connector' = 'kafka', 'topic' = 'j', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT * FROM j;
