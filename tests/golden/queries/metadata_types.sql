-- Metadata is cast to the type of its column, in the session's time zone, before any computed column sees it.
-- @events stamped.jsonl
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE r (id INT, t TIMESTAMP(3) METADATA FROM 'timestamp', d AS CAST(t AS DATE), o STRING METADATA FROM 'offset', p TINYINT METADATA FROM 'partition', z VARCHAR(1) METADATA FROM 'timestamp-type') WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT * FROM r;
