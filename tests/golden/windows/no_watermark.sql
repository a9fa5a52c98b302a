-- Without a watermark there is no window; a projection still runs.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3)) WITH ('connector' = 'kafka', 'topic' = 'e', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, FLOOR(ts TO MINUTE) AS m, ts + INTERVAL '1' MINUTE AS later FROM e;
