-- Orders: every file in data/, a JSON object a line. Change path and columns to what you have.
--
-- The watermark says how far rows may be out of order: a window closes when a row 5 s past its end has come.
CREATE TABLE orders (
  order_id BIGINT,
  customer STRING,
  amount DECIMAL(10, 2),
  ordered_at TIMESTAMP(3),
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '5' SECOND
) WITH (
  'connector' = 'filesystem',
  'path' = 'data',
  'format' = 'json'
);
