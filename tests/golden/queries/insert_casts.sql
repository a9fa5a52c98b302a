-- What an INSERT casts by itself: to wider numbers, other precisions; a text that is too long stays as it is.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE p (a BIGINT, b DOUBLE, c DECIMAL(10, 2), d STRING, f TIMESTAMP(6), g TIMESTAMP_LTZ(3), h VARCHAR(1)) WITH ('connector' = 'print');
INSERT INTO p SELECT id, v, id, k, ts, ts, CONCAT(k, '12') FROM e;
