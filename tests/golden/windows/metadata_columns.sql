-- @events times.jsonl
CREATE TABLE r (
  id INT, `timestamp` TIMESTAMP_LTZ(3) METADATA, `partition` INT METADATA VIRTUAL, place BIGINT METADATA FROM 'offset' VIRTUAL, where_from STRING METADATA FROM 'topic' VIRTUAL,
  WATERMARK FOR `timestamp` AS `timestamp`
) WITH ('connector' = 'kafka', 'topic' = 'r', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
SELECT id, `timestamp`, `partition`, place, where_from FROM r;
SELECT window_start, where_from, `partition`, MIN(place) AS first_offset, MAX(place) AS last_offset
FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(`timestamp`), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, where_from, `partition`;
