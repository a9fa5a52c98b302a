CREATE TABLE p (a INT, b STRING, c DOUBLE) WITH ('connector' = 'print');
INSERT INTO p VALUES (1, 'x', 1.5), (2, 'long text', 2);
INSERT INTO p (b) VALUES ('only b');
