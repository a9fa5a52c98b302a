-- How much people have taken part in the last days, today included, with their rank in their organisation.
-- @param days BIGINT = 7         How many days, the newest included.
-- @param organization STRING = NULL  Only people of this organisation, such as org_07.
WITH live AS (
  SELECT
    user_id,
    CAST(activity_date AS DATE) AS activity_date,
    count(DISTINCT meeting_id) AS meetings,
    sum(messages) AS messages,
    sum(screen_shares) AS screen_shares,
    sum(video_starts) AS video_starts
  FROM user_activity
  GROUP BY user_id, activity_date
), every_day AS (
  SELECT * FROM live
  UNION ALL
  -- a day counts once: what is live goes before what was written down
  SELECT user_id, activity_date, meetings_attended, total_messages, 0, 0
  FROM user_activity_summary
  WHERE activity_date NOT IN (SELECT activity_date FROM live)
), scored AS (
  SELECT
    user_id,
    CAST(sum(meetings) AS BIGINT) AS meetings,
    CAST(sum(messages) AS BIGINT) AS messages,
    CAST(sum(screen_shares) AS BIGINT) AS screen_shares,
    CAST(sum(video_starts) AS BIGINT) AS video_starts,
    CAST(sum(meetings) * 10 + sum(messages) * 0.5 + sum(screen_shares) * 5 + sum(video_starts) * 3 AS DOUBLE) AS score
  FROM every_day
  WHERE activity_date > (SELECT max(activity_date) FROM every_day) - CAST($days AS INTEGER)
  GROUP BY user_id
)
SELECT
  user_id,
  username,
  organization_name,
  plan_type,
  meetings,
  messages,
  screen_shares,
  video_starts,
  score,
  rank() OVER (PARTITION BY organization_id ORDER BY score DESC) AS rank_in_organization,
  CASE WHEN score > 500 THEN 'Power' WHEN score > 200 THEN 'Active' WHEN score > 50 THEN 'Regular' ELSE 'Inactive' END
    AS segment
FROM scored
JOIN user_profiles USING (user_id)
LEFT JOIN organization_plans USING (organization_id)
WHERE $organization IS NULL OR organization_id = $organization
ORDER BY score DESC, user_id
