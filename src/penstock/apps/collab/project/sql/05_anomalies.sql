-- Latencies that are out of the ordinary for their meeting: a robust z-score of every ten seconds against the meeting's
-- own past. Quantiles of the past, rather than means, keep what is out of the ordinary from hiding itself.

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

CREATE VIEW steps AS
SELECT
  meeting_id, measured, window_end, avg_latency_ms, level,
  ABS(level - LAG(level) OVER (PARTITION BY meeting_id ORDER BY measured)) AS step
FROM latencies;

-- What a meeting has while its network does well is the lowest tenth of its last ten minutes: a network that goes from
-- poor to good and back does so by turns, and its median would be now the one and now the other. For the same reason
-- the spread is that of steps from one ten seconds to the next (1.0483 = 1.4826 / sqrt(2) makes their median one
-- standard deviation of a normal distribution).
CREATE VIEW compared AS
SELECT
  meeting_id, window_end, avg_latency_ms, level,
  COUNT(*) OVER past AS seen,
  PERCENTILE(level, 0.1) OVER past AS well,
  1.0483E0 * PERCENTILE(step, 0.5) OVER past AS spread
FROM steps
WINDOW past AS (
  PARTITION BY meeting_id ORDER BY measured ROWS BETWEEN 60 PRECEDING AND CURRENT ROW
);

-- A spread of less than 0.6 counts as 0.6: with a bound of 3.5 spreads, what is less than eight times as slow as when
-- all is well (EXP(3.5 * 0.6) = 8.2) is an ordinary change; the way from a good network to a poor one is about five.
CREATE VIEW anomalies AS
SELECT
  meeting_id,
  window_end,
  avg_latency_ms,
  EXP(well) AS usual_latency_ms,
  (level - well) / GREATEST(spread, 0.6E0) AS z_score
FROM compared
WHERE seen > 3 AND (level - well) / GREATEST(spread, 0.6E0) > 3.5E0;
