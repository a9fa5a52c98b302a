-- What happens in each meeting: in every 30 seconds, and in the last 60 seconds every 15. window_joined_users are those
-- who joined in the window less those who left in it; who was there before is not counted.
CREATE VIEW window_metrics AS
SELECT
  meeting_id,
  window_start,
  window_end,
  30 AS window_size_seconds,
  GREATEST(
    COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'join')
      - COUNT(DISTINCT user_id) FILTER (WHERE event_type = 'leave'), 0) AS window_joined_users,
  COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count,
  COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
  COUNT(*) FILTER (WHERE event_type = 'message') AS text_message_count,
  COUNT(*) FILTER (WHERE event_type IN ('reaction', 'emoji')) AS reaction_count,
  COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
  COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
  AVG(CAST(latency_ms AS DOUBLE)) FILTER (WHERE event_type = 'network_lag') AS avg_latency_ms,
  CAST(AVG(packet_loss) FILTER (WHERE event_type = 'network_lag') AS DOUBLE) AS packet_loss_pct
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(event_time), INTERVAL '30' SECOND))
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
  COUNT(*) FILTER (WHERE event_type = 'join') AS join_count,
  COUNT(*) FILTER (WHERE event_type = 'leave') AS leave_count,
  COUNT(*) FILTER (WHERE event_type IN ('message', 'reaction', 'emoji')) AS message_count,
  COUNT(*) FILTER (WHERE event_type = 'message') AS text_message_count,
  COUNT(*) FILTER (WHERE event_type IN ('reaction', 'emoji')) AS reaction_count,
  COUNT(*) FILTER (WHERE event_type = 'video_start') AS video_starts,
  COUNT(*) FILTER (WHERE event_type = 'screen_share') AS screen_shares,
  AVG(CAST(latency_ms AS DOUBLE)) FILTER (WHERE event_type = 'network_lag') AS avg_latency_ms,
  CAST(AVG(packet_loss) FILTER (WHERE event_type = 'network_lag') AS DOUBLE) AS packet_loss_pct
FROM TABLE(HOP(TABLE events, DESCRIPTOR(event_time), INTERVAL '15' SECOND, INTERVAL '60' SECOND))
GROUP BY window_start, window_end, meeting_id;

-- Messages a second, over the last 30 seconds, every ten.
CREATE VIEW rates AS
SELECT
  meeting_id,
  window_start,
  window_end,
  CAST(COUNT(*) AS DOUBLE) / 30 AS message_rate
FROM TABLE(HOP(TABLE events, DESCRIPTOR(event_time), INTERVAL '10' SECOND, INTERVAL '30' SECOND))
WHERE event_type = 'message'
GROUP BY window_start, window_end, meeting_id;

-- How good the network is, minute by minute. A minute without a sample makes no row.
CREATE VIEW network AS
SELECT
  meeting_id,
  window_start,
  window_end,
  COUNT(*) AS samples,
  AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
  PERCENTILE(latency_ms, 0.5) AS p50_latency_ms,
  PERCENTILE(latency_ms, 0.95) AS p95_latency_ms,
  PERCENTILE(latency_ms, 0.99) AS p99_latency_ms,
  CAST(AVG(packet_loss) AS DOUBLE) AS packet_loss_pct
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
WHERE event_type = 'network_lag'
GROUP BY window_start, window_end, meeting_id;
