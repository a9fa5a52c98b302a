CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE f WITH ('connector' = 'print') LIKE e (EXCLUDING OPTIONS EXCLUDING WATERMARKS);
DESCRIBE f;
