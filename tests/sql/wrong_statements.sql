CREATE TABLE orders (
  id BIGINT,
  customer STRING,
  amount DECIMAL(10, 2),
  placed STRING,
  items ARRAY<ROW<product STRING, pieces INT>>,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'json');
CREATE TABLE prices (product STRING, price DECIMAL(10, 2), PRIMARY KEY (product) NOT ENFORCED)
  WITH ('connector' = 'upsert-kafka', 'topic' = 'prices', 'key.format' = 'json', 'value.format' = 'json');
CREATE TABLE totals (window_start TIMESTAMP(3), customer STRING NOT NULL, amount DECIMAL(38, 2))
  WITH ('connector' = 'kafka', 'topic' = 'totals', 'format' = 'json');
CREATE VIEW big AS SELECT * FROM orders WHERE amount > 100;
