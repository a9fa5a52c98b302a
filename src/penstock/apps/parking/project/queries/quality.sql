-- What is wrong with the records of the source: rules that are broken now, and where they were broken last.
SELECT state, "rule", severity, facility, since, sample
FROM data_quality_alerts
ORDER BY state, since DESC, facility
