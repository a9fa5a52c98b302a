-- @events offers.jsonl
CREATE TABLE offer (id INT, item STRING, price INT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'offer', 'properties.bootstrap.servers' = 'localhost:9092', 'key.format' = 'json', 'value.format' = 'json');
SELECT COUNT(*) AS n, SUM(price) AS total FROM offer;
