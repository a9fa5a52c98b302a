-- The three streams, as topics for anybody to read.

SET 'table.exec.sink.require-on-conflict' = 'false';
SET 'table.exec.sink.upsert-materialize' = 'NONE';

-- stavanger_parking_realtime: each reading once. A reading may come a minute late.
CREATE TABLE stavanger_parking_events (
  facility STRING NOT NULL,
  reading_time TIMESTAMP_LTZ(3) NOT NULL,
  status STRING NOT NULL,
  free_spaces INT,
  latitude DOUBLE,
  longitude DOUBLE,
  polled_at TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR reading_time AS reading_time - INTERVAL '1' MINUTE
) WITH (
  'connector' = 'kafka',
  'topic' = 'stavanger_parking_events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'facility',
  'value.format' = 'json'
);

-- data_quality_alerts: a rule that a facility breaks, since when, with the record that showed it; and its end.
CREATE TABLE data_quality_alerts (
  `rule` STRING NOT NULL,
  facility STRING NOT NULL,
  severity STRING NOT NULL,
  state STRING NOT NULL,
  since TIMESTAMP_LTZ(3) NOT NULL,
  sample STRING,
  PRIMARY KEY (`rule`, facility) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'data_quality_alerts',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

-- system_metrics: what the machine and Penstock do, every ten seconds.
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

-- A rule fires with the first record of a facility that breaks it, and is resolved by the first that does not. Records
-- of one answer have one time: ROWS tells them apart, where LAG would take them together.
CREATE VIEW judged_pairs AS
SELECT
  *,
  FIRST_VALUE(COALESCE(broken, '')) OVER pair AS verdict_before,
  COUNT(*) OVER pair AS verdicts
FROM judged
WINDOW pair AS (PARTITION BY facility ORDER BY polled_at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);

CREATE VIEW judged_before AS
SELECT
  *,
  CASE WHEN verdicts = 2 THEN NULLIF(verdict_before, '') END AS broken_before
FROM judged_pairs;

CREATE VIEW turns AS
SELECT broken AS `rule`, facility, 'firing' AS state, polled_at, local_text, free_text
FROM judged_before
WHERE broken IS NOT NULL AND broken IS DISTINCT FROM broken_before
UNION ALL
SELECT broken_before, facility, 'resolved', polled_at, local_text, free_text
FROM judged_before
WHERE broken_before IS NOT NULL AND broken IS DISTINCT FROM broken_before;

EXECUTE STATEMENT SET
BEGIN
INSERT INTO stavanger_parking_events
SELECT
  facility,
  reading_time,
  CASE WHEN is_open THEN 'open' ELSE 'count' END,
  CASE WHEN NOT is_open THEN TRY_CAST(free_text AS INT) END,
  latitude,
  longitude,
  polled_at
FROM readings;

INSERT INTO data_quality_alerts
SELECT
  `rule`,
  facility,
  CASE WHEN `rule` = 'no_count' THEN 'warning' ELSE 'critical' END,
  state,
  polled_at,
  COALESCE(local_text, '(no time)') || ' ' || COALESCE(free_text, '(no count)')
FROM turns;
END;
