-- @events times.jsonl
CREATE TABLE r (id INT, ltz TIMESTAMP_LTZ(3), WATERMARK FOR ltz AS ltz - INTERVAL '5' SECOND) WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, CURRENT_WATERMARK(ltz) AS wm FROM r;
