-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, ts STRING, tz AS TO_TIMESTAMP_LTZ(UNIX_TIMESTAMP(ts) * 1000, 3), WATERMARK FOR tz AS tz - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW bidz AS SELECT * FROM bid;
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE VIEW z AS SELECT id, item, tz FROM bidz;
SELECT window_start, window_end, window_time, item, COUNT(*) AS n FROM TABLE(SESSION(TABLE bidz PARTITION BY item, DESCRIPTOR(tz), INTERVAL '7' SECOND)) GROUP BY window_start, window_end, window_time, item;
