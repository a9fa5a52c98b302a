CREATE TABLE e (id INT, ts TIMESTAMP(3)) WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
