-- @refused sql-unsupported
CREATE TABLE t (id INT NOT NULL, k STRING COMMENT 'the key', price DECIMAL(10, 2), tags ARRAY<STRING>, r ROW<a INT, b STRING>, o BIGINT METADATA FROM 'offset' VIRTUAL, m TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', twice AS price * 2, ts TIMESTAMP(3), p AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
DESCRIBE t;
SHOW COLUMNS FROM t;
