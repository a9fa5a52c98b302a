-- How many spaces a car park has: data/capacity.csv is for you to edit, a line each. For one that is not named there
-- the highest count of 30 days stands in (queries/occupancy.sql).
CREATE TABLE capacity (
  facility STRING,
  spaces INT
) WITH (
  'connector' = 'filesystem',
  'path' = 'data/capacity.csv',
  'format' = 'csv'
);
