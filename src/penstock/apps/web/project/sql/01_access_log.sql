-- The access log: every file in data/, .gz too, a row a line. Lines that are added to it, and new files, are read as
-- they come.
--
-- A line that is none of the combined (or common) log format has no event time, and goes to penstock.rejects. Times are
-- in UTC: TO_TIMESTAMP reads what the server's clock said, and what stands behind it, such as -0330, is taken off.
--
-- Servers write a line when an answer ends, so lines are out of order. The log that comes with this project is up to
-- 59 s out of order: with a delay of 5 s most of it would be late. A server that is quick to answer needs less.
CREATE TABLE access_log (
  line STRING,
  event_time AS TIMESTAMPADD(MINUTE,
    TRY_CAST(REGEXP_EXTRACT(line, ' ([+-]\d{4})\] "', 1) AS INT) / 100 * 40
      - TRY_CAST(REGEXP_EXTRACT(line, ' ([+-]\d{4})\] "', 1) AS INT),
    TO_TIMESTAMP(REGEXP_EXTRACT(line,
      '^\S+ \S+ \S+ \[([^\]]+)\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-)(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"(?: .*)?)?\s*$', 1),
      'dd/MMM/yyyy:HH:mm:ss Z')),
  WATERMARK FOR event_time AS event_time - INTERVAL '60' SECOND
) WITH (
  'connector' = 'filesystem',
  'path' = 'data',
  'source.monitor-interval' = '1 s',
  'format' = 'raw'
);
