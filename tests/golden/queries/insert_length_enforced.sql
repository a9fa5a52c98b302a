-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE p (a VARCHAR(2), b CHAR(4)) WITH ('connector' = 'print');
SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD';
INSERT INTO p SELECT bidder, CAST('xy' AS CHAR(4)) FROM bid;
