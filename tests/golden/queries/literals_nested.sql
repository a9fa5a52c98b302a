SELECT ARRAY[1, 2], ARRAY['a', 'bcd'], ARRAY[1, 2.5], MAP['a', 1, 'bcd', 2], ROW(1, 'x'), (1, 2), ARRAY[ROW(1, 'x')], ARRAY[1, CAST(NULL AS INT)];
