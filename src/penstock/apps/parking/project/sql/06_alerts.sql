-- parking_trend as a log, for the alerts: rows that stay, in the order of their time. The rules are in alerts/.
CREATE TABLE trends_told (
  facility STRING,
  reading_time TIMESTAMP_LTZ(3),
  free_spaces INT,
  trend DOUBLE,
  jump_5m INT,
  usual_range DOUBLE,
  full_soon BOOLEAN,
  anomaly BOOLEAN,
  WATERMARK FOR reading_time AS reading_time
) WITH (
  'connector' = 'kafka',
  'topic' = 'parking_trend',
  'properties.bootstrap.servers' = 'localhost:9092',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);
