-- @refused sql-updating-input
-- @events offers.jsonl
CREATE TABLE offer (id INT, item STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'offer', 'properties.bootstrap.servers' = 'localhost:9092', 'key.format' = 'json', 'value.format' = 'json');
SELECT window_start, SUM(price) AS s FROM TABLE(TUMBLE(TABLE offer, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
