SELECT 1 AS x, 'y' AS y, 1 + 1;
