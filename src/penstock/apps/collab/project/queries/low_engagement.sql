-- LowEngagement, for information: meetings of more than five people with a score below 30 for five minutes.
-- @param minutes BIGINT = 5      For how long.
-- @param below DOUBLE = 30       The score, 0 to 100.
-- @param people BIGINT = 5       More people than these.
SELECT
  meeting_id, max(engagement_score) AS engagement_score, min(active_users) AS active_users,
  make_timestamp_ms(max("timestamp")) AS until
FROM meeting_metrics_1m
WHERE "timestamp" > (SELECT max("timestamp") FROM meeting_metrics_1m) - $minutes * 60000
GROUP BY meeting_id
HAVING max(engagement_score) < $below AND min(active_users) > $people AND count(*) = $minutes
ORDER BY engagement_score, meeting_id
