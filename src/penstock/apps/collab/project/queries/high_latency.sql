-- HighLatency, a warning: meetings whose latency has been above 200 ms for two minutes.
-- @param minutes BIGINT = 2      For how long.
-- @param above DOUBLE = 200      Milliseconds.
SELECT meeting_id, round(min(avg_latency_ms), 1) AS least_latency_ms, make_timestamp_ms(max("timestamp")) AS until
FROM meeting_metrics
WHERE window_size_seconds = 30
  AND "timestamp" > (SELECT max("timestamp") FROM meeting_metrics) - $minutes * 60000
GROUP BY meeting_id
HAVING min(avg_latency_ms) > $above AND count(avg_latency_ms) = $minutes * 2
ORDER BY least_latency_ms DESC, meeting_id
