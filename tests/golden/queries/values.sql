VALUES (1, 'a'), (2, 'bcd'), (3, 'ef');
