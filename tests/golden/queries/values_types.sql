-- Numbers are widened, texts become VARCHAR of the longest.
SELECT * FROM (VALUES (1, 1.5, 'a'), (2, 2, 'bcd'), (CAST(NULL AS INT), 3, '')) AS t (n, d, s) WHERE d < 3;
