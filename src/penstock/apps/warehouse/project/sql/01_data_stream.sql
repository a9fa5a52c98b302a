-- What kafka_data_ingestion sends and stream_processing_pipeline loads: a message has its source, a time and a payload.
CREATE TABLE `data-stream` (
  `source` STRING,
  `timestamp` TIMESTAMP_LTZ(3),
  payload STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'data-stream',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);
