-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW named AS SELECT * FROM bid WHERE item IS NOT NULL;
CREATE VIEW per_item (ws, we, what, how_many) AS SELECT window_start, window_end, item, COUNT(*) FROM TABLE(TUMBLE(TABLE named, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, item;
SELECT ws, what, how_many + 1 AS more FROM per_item WHERE what <> 'c';
