-- The results as logs, for the alerts: a row each time a window has closed, in event time.

-- Its rows of 60 s come beside those of 30 s, and say nothing about the time of those.
CREATE TABLE half_minutes (
  meeting_id STRING,
  `timestamp` BIGINT,
  window_size_seconds INT,
  active_users BIGINT,
  avg_latency_ms DOUBLE,
  closed AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
  WATERMARK FOR closed AS CASE WHEN window_size_seconds = 30 THEN closed END
) WITH (
  'connector' = 'kafka',
  'topic' = 'meeting_metrics',
  'properties.bootstrap.servers' = 'localhost:9092',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);

CREATE TABLE whole_minutes (
  meeting_id STRING,
  `timestamp` BIGINT,
  active_users BIGINT,
  engagement_score DOUBLE,
  closed AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
  WATERMARK FOR closed AS closed
) WITH (
  'connector' = 'kafka',
  'topic' = 'meeting_metrics_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);

-- What the machine and Penstock do, every ten seconds ([measures] of penstock.toml): the lag of each pipeline among it.
CREATE TABLE system_metrics (
  component STRING NOT NULL,
  metric STRING NOT NULL,
  `value` DOUBLE,
  unit STRING NOT NULL,
  `time` TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR `time` AS `time` - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'system_metrics',
  'properties.bootstrap.servers' = 'localhost:9092',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'component',
  'value.format' = 'json'
);
