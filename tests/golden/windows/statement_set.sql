-- Several INSERTs over one source, which is read once.
-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE per_item (starts TIMESTAMP(3), item STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'per_item', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE per_bidder (starts TIMESTAMP(3), bidder STRING, total INT) WITH ('connector' = 'filesystem', 'path' = 'per_bidder', 'format' = 'json');
CREATE TABLE raw_bids (id INT, item STRING) WITH ('connector' = 'print');
EXECUTE STATEMENT SET
BEGIN
INSERT INTO per_item SELECT window_start, item, COUNT(*) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, item;
INSERT INTO per_bidder SELECT window_start, bidder, SUM(price) FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND)) GROUP BY window_start, window_end, bidder;
INSERT INTO raw_bids SELECT id, item FROM bid WHERE price > 30;
END;
