-- Latencies that are out of the ordinary for their meeting: a robust z-score of every ten seconds against the meeting's
-- own past. The middle and the spread are medians, so that what is out of the ordinary does not hide itself.

-- Latency in every ten seconds, as a logarithm: a network gets worse by factors.
CREATE VIEW latencies AS
SELECT
  meeting_id,
  window_time AS measured,
  window_end,
  AVG(CAST(latency_ms AS DOUBLE)) AS avg_latency_ms,
  LN(AVG(CAST(latency_ms AS DOUBLE))) AS level
FROM TABLE(TUMBLE(TABLE attended, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
WHERE latency_ms > 0
GROUP BY window_start, window_end, window_time, meeting_id;

CREATE VIEW centred AS
SELECT
  meeting_id, measured, window_end, avg_latency_ms, level,
  COUNT(*) OVER past AS seen,
  PERCENTILE(level, 0.5) OVER past AS middle
FROM latencies
WINDOW past AS (
  PARTITION BY meeting_id ORDER BY measured ROWS BETWEEN 60 PRECEDING AND CURRENT ROW
);

-- A spread of less than a third counts as a third (0.6745 makes a median deviation one of a normal distribution).
CREATE VIEW anomalies AS
SELECT
  meeting_id,
  window_end,
  avg_latency_ms,
  EXP(middle) AS usual_latency_ms,
  0.6745E0 * (level - middle) / GREATEST(spread, 0.33E0) AS z_score
FROM (
  SELECT
    *,
    PERCENTILE(ABS(level - middle), 0.5) OVER (
      PARTITION BY meeting_id ORDER BY measured ROWS BETWEEN 60 PRECEDING AND CURRENT ROW
    ) AS spread
  FROM centred
)
WHERE seen > 3 AND 0.6745E0 * (level - middle) / GREATEST(spread, 0.33E0) > 3.5E0;
