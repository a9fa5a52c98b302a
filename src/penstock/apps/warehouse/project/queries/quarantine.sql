-- Rows that were set aside and wait to be fixed, replayed or given up, with the rules they break.
-- @param source STRING = NULL    Of one source; of all if it is left out.
SELECT id, source, rules, reason, part, line, "row", run
FROM quarantine
WHERE state = 'open' AND ($source IS NULL OR source = $source)
ORDER BY source, part, line
