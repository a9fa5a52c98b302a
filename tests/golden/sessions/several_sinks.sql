-- @events bids.jsonl
CREATE TABLE bid (id INT, item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bid', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE a (ws TIMESTAMP(3), item STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'a', 'format' = 'json');
CREATE TABLE b (ws TIMESTAMP(3), n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'b', 'format' = 'json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO a SELECT window_start, item, COUNT(*) FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '7' SECOND)) GROUP BY window_start, window_end, item;
INSERT INTO b SELECT window_start, COUNT(*) FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '7' SECOND)) GROUP BY window_start, window_end;
END;
