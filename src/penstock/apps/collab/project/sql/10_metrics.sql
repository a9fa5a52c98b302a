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
  active_users BIGINT,
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
  churn_rate DOUBLE,
  engagement_score DOUBLE,
  meeting_health STRING,
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
  active_users BIGINT,
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
  churn_rate DOUBLE,
  engagement_score DOUBLE,
  meeting_health STRING,
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

-- Each meeting as it is now: the newest 30 seconds in which something happened.
CREATE TABLE meetings (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT,
  active_users BIGINT,
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
  churn_rate DOUBLE,
  engagement_score DOUBLE,
  meeting_health STRING,
  PRIMARY KEY (meeting_id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meetings',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
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
  active_users BIGINT,
  video_users BIGINT,
  video_participation_rate DOUBLE,
  message_count BIGINT,
  engagement_score DOUBLE,
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

CREATE TABLE meeting_metrics_5m (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  active_users BIGINT,
  join_count BIGINT,
  leave_count BIGINT,
  churn_rate DOUBLE,
  video_starts BIGINT,
  screen_shares BIGINT,
  avg_message_length DOUBLE,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_metrics_5m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- Who came and went in the last five minutes, every 30 seconds.
CREATE TABLE meeting_comings (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  join_count BIGINT,
  leave_count BIGINT,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_comings',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

CREATE TABLE meeting_metrics_15m (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  active_users BIGINT,
  message_count BIGINT,
  avg_latency_ms DOUBLE,
  engagement_score DOUBLE,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_metrics_15m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- Meetings that are over. `started` is the time of the first event, in ms since 1970.
CREATE TABLE meeting_sessions (
  meeting_id STRING NOT NULL,
  started BIGINT NOT NULL,
  first_event TIMESTAMP(3),
  last_event TIMESTAMP(3),
  meeting_duration_seconds DOUBLE,
  events BIGINT,
  participants BIGINT,
  PRIMARY KEY (meeting_id, started) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_sessions',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- What each person does in each meeting, day by day.
CREATE TABLE user_activity (
  user_id STRING NOT NULL,
  meeting_id STRING NOT NULL,
  activity_date STRING NOT NULL,
  first_event TIMESTAMP_LTZ(3),
  last_event TIMESTAMP_LTZ(3),
  joins BIGINT,
  leaves BIGINT,
  messages BIGINT,
  reactions BIGINT,
  screen_shares BIGINT,
  video_starts BIGINT,
  avg_latency_ms DOUBLE,
  packet_loss_pct DOUBLE,
  PRIMARY KEY (user_id, meeting_id, activity_date) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'user_activity',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- Ten seconds of a meeting in which its latency was out of the ordinary for it.
CREATE TABLE meeting_anomalies (
  meeting_id STRING NOT NULL,
  `timestamp` BIGINT NOT NULL,
  avg_latency_ms DOUBLE,
  usual_latency_ms DOUBLE,
  z_score DOUBLE,
  PRIMARY KEY (meeting_id, `timestamp`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'meeting_anomalies',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- One set of statements is one pipeline: each topic is read once for all of them.
EXECUTE STATEMENT SET
BEGIN
INSERT INTO meeting_metrics
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, window_size_seconds, window_start, window_end, active_users,
  window_joined_users, join_count, leave_count, message_count, text_message_count, reaction_count, video_starts,
  screen_shares, avg_latency_ms, packet_loss_pct, churn_rate, engagement_score, meeting_health
FROM scored_metrics;

INSERT INTO metrics
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, window_size_seconds, window_start, window_end, active_users,
  window_joined_users, join_count, leave_count, message_count, text_message_count, reaction_count, video_starts,
  screen_shares, avg_latency_ms, packet_loss_pct, churn_rate, engagement_score, meeting_health,
  DATE_FORMAT(window_end, 'yyyy-MM-dd'), DATE_FORMAT(window_end, 'yyyy-MM-dd')
FROM scored_metrics;

INSERT INTO meetings
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, active_users, window_joined_users, join_count, leave_count,
  message_count, text_message_count, reaction_count, video_starts, screen_shares, avg_latency_ms, packet_loss_pct,
  churn_rate, engagement_score, meeting_health
FROM newest_metrics;

INSERT INTO message_rate
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, message_rate
FROM message_rates;

INSERT INTO meeting_metrics_1m
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, active_users, video_users, video_participation_rate,
  message_count, engagement_score, samples, avg_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms,
  packet_loss_pct
FROM single_minutes;

INSERT INTO meeting_metrics_5m
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, active_users, join_count, leave_count, churn_rate, video_starts,
  screen_shares, avg_message_length
FROM five_minutes;

INSERT INTO meeting_comings
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, join_count, leave_count
FROM comings;

INSERT INTO meeting_metrics_15m
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, active_users, message_count, avg_latency_ms, engagement_score
FROM quarter_hours;

INSERT INTO meeting_sessions
SELECT
  meeting_id, EXTRACT(EPOCH FROM first_event) * 1000 + EXTRACT(MILLISECOND FROM first_event), first_event,
  last_event, TIMESTAMPDIFF(SECOND, first_event, last_event), events, participants
FROM sessions;

INSERT INTO user_activity
SELECT
  user_id, meeting_id, activity_date, first_event, last_event, joins, leaves, messages, reactions, screen_shares,
  video_starts, avg_latency_ms, packet_loss_pct
FROM activity;

INSERT INTO meeting_anomalies
SELECT
  meeting_id, EXTRACT(EPOCH FROM window_end) * 1000, avg_latency_ms, usual_latency_ms, z_score
FROM anomalies;
END;
