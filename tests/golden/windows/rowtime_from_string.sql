-- @events times.jsonl
CREATE TABLE r (id INT, k STRING, v INT, txt STRING, ts AS TO_TIMESTAMP(txt), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT window_start, window_end, COUNT(*) AS n, SUM(id) AS ids, MAX(ts) AS latest
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
