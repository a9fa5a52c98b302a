-- The meetings of the last hour, whose they are, and how engaged people are in them.
-- @param minutes BIGINT = 60     How far back, from the newest results.
-- @param organization STRING = NULL  Only meetings of this organisation, such as org_07.
WITH newest AS (
  SELECT max("timestamp") AS newest FROM meeting_metrics_1m
), lately AS (
  SELECT
    meeting_id,
    max("timestamp") AS last_minute,
    avg(avg_latency_ms) AS avg_latency_ms,
    avg(packet_loss_pct) AS packet_loss_pct,
    arg_max(active_users, "timestamp") AS active_users,
    max(active_users) AS most_users,
    sum(message_count) AS messages,
    avg(engagement_score) AS engagement_score
  FROM meeting_metrics_1m, newest
  WHERE "timestamp" > newest - $minutes * 60000
  GROUP BY meeting_id
), owners AS (
  -- a meeting is of the organisation of its first joiner
  SELECT meeting_id, arg_min(organization_id, (first_event, user_id)) AS organization_id
  FROM user_activity JOIN user_profiles USING (user_id)
  WHERE joins > 0
  GROUP BY meeting_id
)
SELECT
  meeting_id,
  organization_name,
  plan_type,
  active_users,
  most_users,
  CAST(messages AS BIGINT) AS messages,
  round(avg_latency_ms, 1) AS avg_latency_ms,
  round(packet_loss_pct, 2) AS packet_loss_pct,
  CASE
    WHEN active_users = 0 THEN 'inactive'
    WHEN avg_latency_ms > 200 THEN 'poor'
    WHEN avg_latency_ms > 100 THEN 'fair'
    ELSE 'good'
  END AS meeting_health,
  round(engagement_score, 1) AS engagement_score,
  CASE WHEN engagement_score > 70 THEN 'High' WHEN engagement_score >= 40 THEN 'Medium' ELSE 'Low' END AS engagement,
  make_timestamp_ms(last_minute) AS last_minute
FROM lately
LEFT JOIN owners USING (meeting_id)
LEFT JOIN organization_plans USING (organization_id)
WHERE $organization IS NULL OR organization_id = $organization
ORDER BY last_minute DESC, engagement_score DESC, meeting_id
