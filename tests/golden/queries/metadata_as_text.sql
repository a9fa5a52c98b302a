-- @events stamped.jsonl
SET 'table.local-time-zone' = 'Asia/Tokyo';
CREATE TABLE r (id INT, t STRING METADATA FROM 'timestamp') WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT * FROM r;
