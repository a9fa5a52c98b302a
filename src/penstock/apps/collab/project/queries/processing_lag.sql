-- ProcessingLag, critical: topics of which more than 10,000 records wait to be read.
-- @param above BIGINT = 10000    Records.
SELECT "group", topic, CAST(sum(lag) AS BIGINT) AS consumer_lag
FROM penstock.groups
GROUP BY "group", topic
HAVING sum(lag) > $above
ORDER BY consumer_lag DESC, topic
