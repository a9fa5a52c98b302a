-- The runs of loads, the newest first.
-- @param pipeline STRING = NULL    One of them; all if it is left out.
SELECT
  id,
  pipeline_name,
  status,
  records_processed,
  start_time,
  epoch_ms(end_time) - epoch_ms(start_time) AS duration_ms,
  error_message
FROM pipeline_executions
WHERE $pipeline IS NULL OR pipeline_name = $pipeline
ORDER BY start_time DESC
