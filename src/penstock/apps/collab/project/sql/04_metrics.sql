-- What happens in each meeting, window by window. Every value is of its window alone, but for active_users, who are
-- there at its end. A window without an event of a meeting makes no row.

-- In every 30 seconds, and in the last 60 seconds every 15. window_joined_users are those who joined in the window less
-- those who left in it; who was there before is not counted.
CREATE VIEW window_metrics AS
SELECT
  meeting_id,
  window_start,
  window_end,
  30 AS window_size_seconds,
  GREATEST(
    COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'join')
      - COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'leave'), 0) AS window_joined_users,
  MOD(MAX(last_active), 10000) AS active_users,
  COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count,
  COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
  COUNT(*) FILTER (WHERE event_type = 'message') AS text_message_count,
  COUNT(*) FILTER (WHERE event_type IN ('reaction', 'emoji')) AS reaction_count,
  COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
  COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
  AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
  CAST(AVG(packet_loss) AS DOUBLE) AS packet_loss_pct
FROM TABLE(TUMBLE(TABLE attended, DESCRIPTOR(event_time), INTERVAL '30' SECOND))
GROUP BY window_start, window_end, meeting_id
UNION ALL
SELECT
  meeting_id,
  window_start,
  window_end,
  60 AS window_size_seconds,
  GREATEST(
    COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'join')
      - COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'leave'), 0) AS window_joined_users,
  MOD(MAX(last_active), 10000) AS active_users,
  COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count,
  COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
  COUNT(*) FILTER (WHERE event_type = 'message') AS text_message_count,
  COUNT(*) FILTER (WHERE event_type IN ('reaction', 'emoji')) AS reaction_count,
  COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
  COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
  AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
  CAST(AVG(packet_loss) AS DOUBLE) AS packet_loss_pct
FROM TABLE(HOP(TABLE attended, DESCRIPTOR(event_time), INTERVAL '15' SECOND, INTERVAL '60' SECOND))
GROUP BY window_start, window_end, meeting_id;

-- The same with what is made of them: how many come and go, how engaged people are, and how well the meeting is.
CREATE VIEW scored_metrics AS
SELECT
  *,
  CAST(join_count + leave_count AS DOUBLE) / GREATEST(active_users, 1) AS churn_rate,
  ROUND(
    LEAST(message_count / 100E0, 1E0) * 40 + LEAST(active_users / 10E0, 1E0) * 30
      + GREATEST(0E0, 1 - COALESCE(avg_latency_ms, 0E0) / 500) * 30, 2) AS engagement_score,
  CASE
    WHEN active_users = 0 THEN 'inactive'
    WHEN avg_latency_ms > 200 THEN 'poor'
    WHEN avg_latency_ms > 100 THEN 'fair'
    ELSE 'good'
  END AS meeting_health
FROM window_metrics;

-- The newest of them for each meeting.
CREATE VIEW newest_metrics AS
SELECT * FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY meeting_id ORDER BY window_end DESC) AS age
  FROM scored_metrics
  WHERE window_size_seconds = 30
)
WHERE age = 1;

-- Messages a second, over the last 30 seconds, every ten.
CREATE VIEW message_rates AS
SELECT
  meeting_id,
  window_start,
  window_end,
  CAST(COUNT(*) AS DOUBLE) / 30 AS message_rate
FROM TABLE(HOP(TABLE attended, DESCRIPTOR(event_time), INTERVAL '10' SECOND, INTERVAL '30' SECOND))
WHERE event_type = 'message'
GROUP BY window_start, window_end, meeting_id;

-- Minute by minute: how good the network is, how engaged people are, and how many of them show themselves.
CREATE VIEW single_minutes AS
SELECT
  *,
  CAST(video_users AS DOUBLE) / GREATEST(active_users, 1) AS video_participation_rate,
  ROUND(
    LEAST(message_count / 100E0, 1E0) * 40 + LEAST(active_users / 10E0, 1E0) * 30
      + GREATEST(0E0, 1 - COALESCE(avg_latency_ms, 0E0) / 500) * 30, 2) AS engagement_score
FROM (
  SELECT
    meeting_id,
    window_start,
    window_end,
    MOD(MAX(last_active), 10000) AS active_users,
    MOD(MAX(last_video), 10000) AS video_users,
    COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
    COUNT(latency_ms) AS samples,
    AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
    PERCENTILE(latency_ms, 0.5) AS p50_latency_ms,
    PERCENTILE(latency_ms, 0.95) AS p95_latency_ms,
    PERCENTILE(latency_ms, 0.99) AS p99_latency_ms,
    CAST(AVG(packet_loss) AS DOUBLE) AS packet_loss_pct
  FROM TABLE(TUMBLE(TABLE attended, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
  GROUP BY window_start, window_end, meeting_id
);

-- In every five minutes, and who came and went in the last five, every 30 seconds.
CREATE VIEW five_minutes AS
SELECT
  *,
  CAST(join_count + leave_count AS DOUBLE) / GREATEST(active_users, 1) AS churn_rate
FROM (
  SELECT
    meeting_id,
    window_start,
    window_end,
    MOD(MAX(last_active), 10000) AS active_users,
    COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
    COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count,
    COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
    COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
    AVG(CAST(message_length AS DOUBLE)) AS avg_message_length
  FROM TABLE(TUMBLE(TABLE attended, DESCRIPTOR(event_time), INTERVAL '5' MINUTE))
  GROUP BY window_start, window_end, meeting_id
);

CREATE VIEW comings AS
SELECT
  meeting_id,
  window_start,
  window_end,
  COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count
FROM TABLE(HOP(TABLE attended, DESCRIPTOR(event_time), INTERVAL '30' SECOND, INTERVAL '5' MINUTE))
GROUP BY window_start, window_end, meeting_id;

-- Engagement over a quarter of an hour, every five minutes.
CREATE VIEW quarter_hours AS
SELECT
  *,
  ROUND(
    LEAST(message_count / 100E0, 1E0) * 40 + LEAST(active_users / 10E0, 1E0) * 30
      + GREATEST(0E0, 1 - COALESCE(avg_latency_ms, 0E0) / 500) * 30, 2) AS engagement_score
FROM (
  SELECT
    meeting_id,
    window_start,
    window_end,
    MOD(MAX(last_active), 10000) AS active_users,
    COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
    AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms
  FROM TABLE(HOP(TABLE attended, DESCRIPTOR(event_time), INTERVAL '5' MINUTE, INTERVAL '15' MINUTE))
  GROUP BY window_start, window_end, meeting_id
);

-- A meeting is over when nothing has happened in it for ten minutes.
CREATE VIEW sessions AS
SELECT
  meeting_id,
  MIN(event_time) AS first_event,
  MAX(event_time) AS last_event,
  COUNT(*) AS events,
  COUNT(DISTINCT user_id) AS participants
FROM TABLE(SESSION(TABLE episodes PARTITION BY meeting_id, DESCRIPTOR(event_time), INTERVAL '10' MINUTE))
GROUP BY window_start, window_end, meeting_id;

-- What each person does in each meeting, day by day: one row, which changes as they go on.
CREATE VIEW activity AS
SELECT
  user_id,
  meeting_id,
  DATE_FORMAT(event_time, 'yyyy-MM-dd') AS activity_date,
  MIN(event_time) AS first_event,
  MAX(event_time) AS last_event,
  COUNT(*) FILTER (WHERE event_type = 'join') AS joins,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leaves,
  COUNT(*) FILTER (WHERE event_type = 'message') AS messages,
  COUNT(*) FILTER (WHERE event_type IN ('reaction', 'emoji')) AS reactions,
  COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
  COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
  AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
  CAST(AVG(packet_loss) AS DOUBLE) AS packet_loss_pct
FROM episodes
WHERE user_id IS NOT NULL
GROUP BY user_id, meeting_id, DATE_FORMAT(event_time, 'yyyy-MM-dd');
