-- How full each car park is now: 1 - free / capacity. Where data/capacity.csv does not name it, the highest count of 30
-- days is its capacity, and estimated says so. Trend, full soon and anomaly are a minute behind: late readings count.
-- @param facility STRING = NULL    One of them; all if it is left out.
WITH latest AS (
  SELECT DISTINCT ON (facility) facility, highest_30d, trend, full_soon, anomaly
  FROM parking_trend ORDER BY facility, reading_time DESC
)
SELECT
  n.facility,
  n.reading_time,
  n.status,
  n.free_spaces,
  coalesce(c.spaces, t.highest_30d) AS capacity,
  c.spaces IS NULL AS estimated,
  1 - n.free_spaces / coalesce(c.spaces, t.highest_30d) AS occupancy,
  t.trend,
  t.full_soon,
  t.anomaly
FROM parking_now AS n
LEFT JOIN latest AS t USING (facility)
LEFT JOIN capacity AS c USING (facility)
WHERE $facility IS NULL OR n.facility = $facility
ORDER BY n.facility
