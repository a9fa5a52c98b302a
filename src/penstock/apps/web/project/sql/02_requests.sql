-- What a line says, as columns, and what counts as a page view. A request that is no HTTP (scanners send such) has no
-- method and no path.
CREATE VIEW parsed AS
SELECT
  event_time,
  SPLIT_INDEX(line, ' ', 0) AS client,
  REGEXP_EXTRACT(line, '"([A-Z]+) \S+ HTTP/', 1) AS `method`,
  REGEXP_EXTRACT(line, '"[A-Z]+ ([^ ?#]+)\S* HTTP/', 1) AS `path`,
  TRY_CAST(REGEXP_EXTRACT(line, '" (\d{3}) (?:\d+|-)', 1) AS INT) AS status,
  TRY_CAST(REGEXP_EXTRACT(line, '" \d{3} (\d+)', 1) AS BIGINT) AS bytes_sent,
  NULLIF(REGEXP_EXTRACT(line, '" \d{3} (?:\d+|-) "((?:[^"\\]|\\.)*)"', 1), '-') AS referrer,
  REGEXP_EXTRACT(line, '" \d{3} (?:\d+|-) "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"', 1) AS agent
FROM access_log;

-- A visitor is an address with a browser; without cookies nothing better is known.
-- A page is what has no extension, or one of a page: pictures, scripts and downloads are no page views.
CREATE VIEW requests AS
SELECT
  event_time,
  client,
  client || ' ' || COALESCE(agent, '') AS visitor,
  `method`,
  `path`,
  status,
  bytes_sent,
  referrer,
  agent,
  COALESCE(REGEXP(agent, '(?i)bot|crawl|spider|slurp|archiver|fetch|feed|rss'), FALSE) AS bot,
  COALESCE(
    `method` = 'GET' AND status IN (200, 304) AND REGEXP(`path`, '^(?:.*/)?(?:[^./]*|[^/]*\.(?:html|htm|php))$'),
    FALSE) AS page_view
FROM parsed;
