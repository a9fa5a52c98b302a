-- The results: metrics of each meeting, into topics and into Parquet files.

-- Flink asks what to do when two rows have one key. A window gives each key once, so nothing needs to be kept for it.
SET 'table.exec.sink.require-on-conflict' = 'false';
SET 'table.exec.sink.upsert-materialize' = 'NONE';

-- `timestamp` is the end of the window, in ms since 1970. Ask for one window_size_seconds: 30 or 60.
CREATE TABLE meeting_metrics (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  window_size_seconds INT NOT NULL,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  window_joined_users BIGINT,
  join_count BIGINT,
  leave_count BIGINT,
  message_count BIGINT,
  text_message_count BIGINT,
  reaction_count BIGINT,
  video_starts BIGINT,
  screen_shares BIGINT,
  avg_latency_ms DOUBLE,
  packet_loss_pct DOUBLE,
  PRIMARY KEY (meeting_id, window_size_seconds, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_metrics',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- The same, as Parquet files: a folder a day, a file every 60 seconds or 1,000 rows.
CREATE TABLE metrics (
  meeting_id STRING,
  `timestamp` BIGINT,
  window_size_seconds INT,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  window_joined_users BIGINT,
  join_count BIGINT,
  leave_count BIGINT,
  message_count BIGINT,
  text_message_count BIGINT,
  reaction_count BIGINT,
  video_starts BIGINT,
  screen_shares BIGINT,
  avg_latency_ms DOUBLE,
  packet_loss_pct DOUBLE,
  date_partition STRING,
  `date` STRING
) PARTITIONED BY (`date`) WITH (
  'connector' = 'filesystem',
  'path' = 'metrics',
  'format' = 'parquet',
  'parquet.compression' = 'SNAPPY',
  'sink.rolling-policy.rollover-interval' = '60 s',
  'sink.rolling-policy.rows' = '1000',
  'sink.file-name' = 'metrics_{yyyyMMdd}_{HHmmss}'
);

CREATE TABLE message_rate (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  message_rate DOUBLE,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'message_rate',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

CREATE TABLE meeting_metrics_1m (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  samples BIGINT,
  avg_latency_ms DOUBLE,
  p50_latency_ms DOUBLE,
  p95_latency_ms DOUBLE,
  p99_latency_ms DOUBLE,
  packet_loss_pct DOUBLE,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_metrics_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- One set of statements is one pipeline: each topic is read once for all of them.
EXECUTE STATEMENT SET
BEGIN
INSERT INTO meeting_metrics
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, window_size_seconds, window_start, window_end,
  window_joined_users, join_count, leave_count, message_count, text_message_count, reaction_count, video_starts,
  screen_shares, avg_latency_ms, packet_loss_pct
FROM window_metrics;

INSERT INTO metrics
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, window_size_seconds, window_start, window_end,
  window_joined_users, join_count, leave_count, message_count, text_message_count, reaction_count, video_starts,
  screen_shares, avg_latency_ms, packet_loss_pct,
  DATE_FORMAT(window_end, 'yyyy-MM-dd'), DATE_FORMAT(window_end, 'yyyy-MM-dd')
FROM window_metrics;

INSERT INTO message_rate
SELECT meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, message_rate
FROM rates;

INSERT INTO meeting_metrics_1m
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, samples, avg_latency_ms, p50_latency_ms, p95_latency_ms,
  p99_latency_ms, packet_loss_pct
FROM network;
END;
