-- An average of integers is cut towards zero.
-- @events avg.jsonl
CREATE TABLE e (k STRING, i INT, b BIGINT, c DECIMAL(5, 2), f FLOAT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 'e', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT k, AVG(i) AS i, AVG(b) AS b, AVG(c) AS c, AVG(f) AS f, SUM(i) / COUNT(i) AS q, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, k;
