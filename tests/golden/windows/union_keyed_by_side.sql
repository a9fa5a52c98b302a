-- @events two.jsonl
CREATE TABLE l (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'l', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE r (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW both_sides AS SELECT 'left' AS side, k, v, ts FROM l UNION ALL SELECT 'r', k, v, ts FROM r;
SELECT window_start, side, k, SUM(v) AS total
FROM TABLE(TUMBLE(TABLE both_sides, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, side, k;
