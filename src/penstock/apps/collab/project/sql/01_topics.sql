-- The three topics of events. All are keyed by meeting, and an event arrives up to 4 s after it happened: windows wait
-- 5 s for it.
--
-- An event has a time only if it is valid: with its id, its meeting and a known type, and not from more than a day in
-- the future. One without a time goes to penstock.rejects, and so does what is no JSON or has a field of another type.

-- People join and leave.
CREATE TABLE user_events (
  event_id STRING,
  user_id STRING,
  meeting_id STRING,
  event_type STRING,
  `timestamp` BIGINT,
  sent TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  place BIGINT METADATA FROM 'offset' VIRTUAL,
  event_time AS CASE
    WHEN event_id IS NOT NULL AND user_id IS NOT NULL AND meeting_id IS NOT NULL
      AND event_type IN ('join', 'leave')
      AND TO_TIMESTAMP_LTZ(`timestamp`, 3) <= sent + INTERVAL '1' DAY
    THEN TO_TIMESTAMP_LTZ(`timestamp`, 3) END,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'user_events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'collab',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'meeting_id',
  'value.format' = 'json'
);

-- They write, and react to what others write. A message has a length, in characters.
CREATE TABLE chat_events (
  event_id STRING,
  user_id STRING,
  meeting_id STRING,
  event_type STRING,
  message_length INT,
  `timestamp` BIGINT,
  sent TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  place BIGINT METADATA FROM 'offset' VIRTUAL,
  event_time AS CASE
    WHEN event_id IS NOT NULL AND user_id IS NOT NULL AND meeting_id IS NOT NULL
      AND event_type IN ('message', 'reaction', 'emoji')
      AND TO_TIMESTAMP_LTZ(`timestamp`, 3) <= sent + INTERVAL '1' DAY
    THEN TO_TIMESTAMP_LTZ(`timestamp`, 3) END,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'chat_events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'collab',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'meeting_id',
  'value.format' = 'json'
);

-- They turn their video on and off and share their screens; a network_lag is a sample of somebody's network, with its
-- latency in ms and the packets it lost, in percent (decimals: their averages are exact). An event of the meeting as a
-- whole has no user.
CREATE TABLE meeting_events (
  event_id STRING,
  user_id STRING,
  meeting_id STRING,
  event_type STRING,
  latency_ms INT,
  packet_loss DECIMAL(7, 4),
  `timestamp` BIGINT,
  sent TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  place BIGINT METADATA FROM 'offset' VIRTUAL,
  event_time AS CASE
    WHEN event_id IS NOT NULL AND meeting_id IS NOT NULL
      AND event_type IN ('video_start', 'video_stop', 'screen_share', 'network_lag')
      AND TO_TIMESTAMP_LTZ(`timestamp`, 3) <= sent + INTERVAL '1' DAY
    THEN TO_TIMESTAMP_LTZ(`timestamp`, 3) END,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'meeting_events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'collab',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'meeting_id',
  'value.format' = 'json'
);
