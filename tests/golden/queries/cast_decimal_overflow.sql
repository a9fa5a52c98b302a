-- A value that does not fit becomes NULL; where the type says NOT NULL, the job fails.
SELECT CAST(1234.5 AS DECIMAL(4, 2));
