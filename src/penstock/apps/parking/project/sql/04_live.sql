-- How each facility goes: its trend, whether it is full soon, whether it is out of the ordinary, and its days.

SET 'table.exec.sink.require-on-conflict' = 'false';
SET 'table.exec.sink.upsert-materialize' = 'NONE';

-- Counts in the order of their time. Minutes since 1970 and spaces are whole numbers, so their sums are exact.
CREATE VIEW counts AS
SELECT
  facility,
  reading_time,
  free_spaces,
  CAST(free_spaces AS BIGINT) AS y,
  CAST(TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), reading_time) AS BIGINT) AS x
FROM stavanger_parking_events
WHERE status = 'count';

-- What a straight line through the readings of the last 15 minutes is made of.
CREATE VIEW summed AS
SELECT
  *,
  COUNT(*) OVER recent AS n,
  SUM(x) OVER recent AS sx,
  SUM(y) OVER recent AS sy,
  SUM(x * x) OVER recent AS sxx,
  SUM(x * y) OVER recent AS sxy
FROM counts
WINDOW recent AS (
  PARTITION BY facility ORDER BY reading_time RANGE BETWEEN INTERVAL '15' MINUTE PRECEDING AND CURRENT ROW
);

-- How far it is from the highest and the lowest count of the last five minutes.
CREATE VIEW jumps AS
SELECT
  *,
  GREATEST(MAX(free_spaces) OVER five - free_spaces, free_spaces - MIN(free_spaces) OVER five) AS jump
FROM summed
WINDOW five AS (
  PARTITION BY facility ORDER BY reading_time RANGE BETWEEN INTERVAL '5' MINUTE PRECEDING AND CURRENT ROW
);

-- What is usual: between which counts nine tenths of the last seven days were, and since when they are known.
CREATE VIEW compared AS
SELECT
  *,
  PERCENTILE(free_spaces, ARRAY[0.05, 0.95]) OVER usual AS bounds,
  MIN(x) OVER usual AS known_since
FROM jumps
WINDOW usual AS (
  PARTITION BY facility ORDER BY reading_time RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW
);

-- The highest count of 30 days stands for the capacity of a facility that data/capacity.csv does not name.
CREATE VIEW bounded AS
SELECT
  *,
  MAX(free_spaces) OVER (
    PARTITION BY facility ORDER BY reading_time RANGE BETWEEN INTERVAL '30' DAY PRECEDING AND CURRENT ROW
  ) AS highest
FROM compared;

-- The slope of the line by least squares, in spaces a minute: from at least 3 readings, of two minutes or more.
CREATE VIEW trends AS
SELECT
  facility,
  reading_time,
  free_spaces,
  highest,
  n AS readings,
  CASE WHEN n >= 3 AND n * sxx > sx * sx
    THEN CAST(n * sxy - sx * sy AS DOUBLE) / CAST(n * sxx - sx * sx AS DOUBLE) END AS trend,
  jump,
  CASE WHEN x - known_since >= 1440 THEN bounds[2] - bounds[1] END AS usual_range
FROM bounded;

CREATE VIEW judged_trends AS
SELECT
  *,
  COALESCE(trend <= -0.2, FALSE) AS falling,
  COALESCE(free_spaces < 10 AND trend <= -0.2, FALSE) AS full_soon,
  CASE WHEN usual_range IS NOT NULL THEN CAST(jump AS DOUBLE) > 0.4 * usual_range END AS anomaly
FROM trends;

-- Each count with its trend.
CREATE TABLE parking_trend (
  facility STRING NOT NULL,
  reading_time TIMESTAMP_LTZ(3) NOT NULL,
  free_spaces INT,
  highest_30d INT,
  readings_15m BIGINT,
  trend DOUBLE,
  jump_5m INT,
  usual_range DOUBLE,
  falling BOOLEAN,
  full_soon BOOLEAN,
  anomaly BOOLEAN,
  PRIMARY KEY (facility, reading_time) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'parking_trend',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- Each facility as its newest reading says, counts and `open` alike.
CREATE TABLE parking_now (
  facility STRING NOT NULL,
  reading_time TIMESTAMP_LTZ(3) NOT NULL,
  status STRING NOT NULL,
  free_spaces INT,
  latitude DOUBLE,
  longitude DOUBLE,
  PRIMARY KEY (facility) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'parking_now',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- A day of Oslo, of 23, 24 or 25 hours. A reading is a minute's: so many are expected as the day has minutes.
CREATE TABLE parking_daily (
  facility STRING NOT NULL,
  `day` DATE NOT NULL,
  readings BIGINT NOT NULL,
  expected_readings INT,
  minimum INT,
  hour_of_minimum BIGINT,
  minutes_under_10 BIGINT,
  PRIMARY KEY (facility, `day`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'parking_daily',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- The lowest count of a day and the first minute that had it, in one number.
CREATE VIEW daily_sums AS
SELECT
  facility,
  window_start,
  window_end,
  COUNT(*) AS readings,
  MIN(CAST(free_spaces AS BIGINT) * 1000000000 + TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), reading_time)) AS lowest,
  COUNT(*) FILTER (WHERE free_spaces < 10) AS under_10
FROM TABLE(TUMBLE(TABLE stavanger_parking_events, DESCRIPTOR(reading_time), INTERVAL '1' DAY))
GROUP BY facility, window_start, window_end;

EXECUTE STATEMENT SET
BEGIN
INSERT INTO parking_trend
SELECT facility, reading_time, free_spaces, highest, readings, trend, jump, usual_range, falling, full_soon, anomaly
FROM judged_trends;

INSERT INTO parking_now
SELECT facility, reading_time, status, free_spaces, latitude, longitude
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY facility ORDER BY reading_time DESC) AS place
  FROM stavanger_parking_events
)
WHERE place = 1;

INSERT INTO parking_daily
SELECT
  facility,
  CAST(window_start AS DATE),
  readings,
  TIMESTAMPDIFF(MINUTE, CAST(window_start AS TIMESTAMP_LTZ(3)), CAST(window_end AS TIMESTAMP_LTZ(3))),
  CAST(lowest / 1000000000 AS INT),
  EXTRACT(HOUR FROM TO_TIMESTAMP_LTZ(MOD(lowest, CAST(1000000000 AS BIGINT)) * 60000, 3)),
  under_10
FROM daily_sums;
END;
