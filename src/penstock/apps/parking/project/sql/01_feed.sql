-- What the city publishes: a JSON array of free parking spaces, asked for every minute and kept as it came.
--
-- The records of an answer have one time, that of the answer. A watermark of the same time would make all of them but
-- the first late, so it stays a millisecond behind.
--
-- To read the real one, put its address into 'url' and take [network] allow out of penstock.toml.
CREATE TABLE parking_feed (
  `Dato` STRING,
  `Klokkeslett` STRING,
  `Sted` STRING,
  `Latitude` STRING,
  `Longitude` STRING,
  `Antall_ledige_plasser` STRING,
  place BIGINT METADATA FROM 'offset' VIRTUAL,
  polled_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR polled_at AS polled_at - INTERVAL '0.001' SECOND
) WITH (
  'connector' = 'http',
  'topic' = 'parking_feed',
  'url' = 'http://127.0.0.1:8765/parking.json',
  'poll-interval' = '60 s',
  'format' = 'json'
);
