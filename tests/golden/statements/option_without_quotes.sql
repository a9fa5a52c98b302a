CREATE TABLE t (id INT) WITH (connector = 'print');
