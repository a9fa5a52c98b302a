CREATE TABLE r (id INT, t TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', d DATE METADATA FROM 'timestamp') WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id FROM r;
