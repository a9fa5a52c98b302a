-- The results: what the site does every five seconds, and the pages that people look at most.

-- Flink asks what to do when two rows have one key. A window gives each key once, so nothing needs to be kept for it.
SET 'table.exec.sink.require-on-conflict' = 'false';
SET 'table.exec.sink.upsert-materialize' = 'NONE';

-- What the site does, every five seconds. A row is kept by the start of its window.
CREATE TABLE page_views_5s (
  window_start TIMESTAMP(3) NOT NULL,
  window_end TIMESTAMP(3) NOT NULL,
  page_views BIGINT NOT NULL,
  human_page_views BIGINT NOT NULL,
  bot_page_views BIGINT NOT NULL,
  page_views_per_second DOUBLE NOT NULL,
  active_users BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  errors BIGINT NOT NULL,
  bytes_sent BIGINT NOT NULL,
  PRIMARY KEY (window_start) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'page_views_5s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- The pages that people look at, in the last 60 seconds, every ten. The busiest of a window are the top pages.
CREATE TABLE top_pages (
  window_start TIMESTAMP(3) NOT NULL,
  window_end TIMESTAMP(3) NOT NULL,
  `path` STRING NOT NULL,
  page_views BIGINT NOT NULL,
  visitors BIGINT NOT NULL,
  PRIMARY KEY (window_start, `path`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'top_pages',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- One set of statements is one pipeline: the log is read once for both.
EXECUTE STATEMENT SET
BEGIN
INSERT INTO page_views_5s
SELECT
  window_start,
  window_end,
  COUNT(*) FILTER (WHERE page_view),
  COUNT(*) FILTER (WHERE page_view AND NOT bot),
  COUNT(*) FILTER (WHERE page_view AND bot),
  CAST(COUNT(*) FILTER (WHERE page_view) AS DOUBLE) / 5,
  COUNT(DISTINCT visitor) FILTER (WHERE NOT bot),
  COUNT(*),
  COUNT(*) FILTER (WHERE status >= 400),
  COALESCE(SUM(bytes_sent), 0)
FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(event_time), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;

INSERT INTO top_pages
SELECT
  window_start,
  window_end,
  `path`,
  COUNT(*),
  COUNT(DISTINCT visitor)
FROM TABLE(HOP(TABLE requests, DESCRIPTOR(event_time), INTERVAL '10' SECOND, INTERVAL '60' SECOND))
WHERE page_view AND NOT bot
GROUP BY window_start, window_end, `path`;
END;
