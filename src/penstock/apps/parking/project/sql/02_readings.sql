-- What a record says: which facility, when (in UTC), how many spaces are free, and what is wrong with it.
--
-- The session's time zone is Oslo's (penstock.toml): DATE_FORMAT writes a moment as a clock there shows it.

-- TO_TIMESTAMP_LTZ takes the first of two hours that have one name, and moves what is in the missing one.
CREATE VIEW said AS
SELECT
  place,
  polled_at,
  COALESCE(NULLIF(TRIM(`Sted`), ''), '(none)') AS facility,
  TRIM(`Antall_ledige_plasser`) AS free_text,
  TRY_CAST(`Latitude` AS DOUBLE) AS latitude,
  TRY_CAST(`Longitude` AS DOUBLE) AS longitude,
  `Dato` || ' ' || `Klokkeslett` AS local_text,
  TO_TIMESTAMP(`Dato` || ' ' || `Klokkeslett`, 'dd.MM.yyyy HH:mm') AS local_time,
  TO_TIMESTAMP_LTZ(`Dato` || ' ' || `Klokkeslett`, 'dd.MM.yyyy HH:mm', 'Europe/Oslo') AS first_time
FROM parking_feed;

-- In the hour that comes twice the later time is taken, unless it was still to come when the record was asked for.
CREATE VIEW timed AS
SELECT
  *,
  CASE
    WHEN DATE_FORMAT(first_time + INTERVAL '1' HOUR, 'dd.MM.yyyy HH:mm') = local_text
      AND first_time + INTERVAL '1' HOUR <= polled_at
    THEN first_time + INTERVAL '1' HOUR
    ELSE first_time
  END AS reading_time,
  COALESCE(DATE_FORMAT(local_time, 'dd.MM.yyyy HH:mm') <> local_text, TRUE) AS bad_time,
  COALESCE(DATE_FORMAT(first_time, 'dd.MM.yyyy HH:mm') <> local_text, TRUE) AS missing_time,
  COALESCE(REGEXP(free_text, '^[0-9]{1,6}$'), FALSE) AS is_count,
  COALESCE(free_text = 'Open', FALSE) AS is_open
FROM said;

-- Each record with its rule, if it breaks one: the first of them counts.
CREATE VIEW judged AS
SELECT
  *,
  CASE
    WHEN facility = '(none)' THEN 'no_facility'
    WHEN bad_time THEN 'bad_time'
    WHEN missing_time THEN 'missing_hour'
    WHEN reading_time > polled_at + INTERVAL '10' MINUTE THEN 'future_time'
    WHEN NOT is_count AND NOT is_open THEN 'no_count'
  END AS broken
FROM timed;

-- A reading is a facility at a time; repeats within a day are passed over. The first is that of the first offset.
CREATE VIEW readings AS
SELECT facility, reading_time, is_open, free_text, latitude, longitude, polled_at
FROM (
  SELECT
    *,
    FIRST_VALUE(place) OVER (
      PARTITION BY facility, reading_time ORDER BY polled_at
      RANGE BETWEEN INTERVAL '24' HOUR PRECEDING AND CURRENT ROW
    ) AS first_place
  FROM judged
  WHERE broken IS NULL
)
WHERE place = first_place;
