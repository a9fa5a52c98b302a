-- Revenue per minute, into a topic of Penstock's own log. An INSERT makes a pipeline, which `penstock run` runs.
CREATE TABLE revenue (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  orders BIGINT,
  customers BIGINT,
  amount DECIMAL(38, 2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'revenue',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

INSERT INTO revenue
SELECT window_start, window_end, COUNT(*), COUNT(DISTINCT customer), SUM(amount)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;
