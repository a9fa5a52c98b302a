-- AVG is SUM / COUNT where that leaves fewer calls: of the first query, not of the others.
-- @events edge_numbers.jsonl
CREATE TABLE n (k STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, c DECIMAL(38, 0), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'n', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT k, AVG(t) AS t, SUM(t) AS st, COUNT(t) AS ct, AVG(i) AS i, SUM(i) AS si, COUNT(i) AS ci
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
SELECT k, AVG(t) AS t, SUM(t) AS st, COUNT(*) AS c
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
SELECT k, AVG(t) AS t, SUM(t) AS st, COUNT(t) AS ct, AVG(i) AS i
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
SELECT k, AVG(f) AS f, SUM(f) AS sf, COUNT(f) AS cf, AVG(d) AS d, SUM(d) AS sd, COUNT(d) AS cd, AVG(b) AS b, SUM(b) AS sb, COUNT(b) AS cb
FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k;
