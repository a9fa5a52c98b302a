-- Functions and key words in any case; columns are exact.
-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
select window_start, Count(*) as N from table(tumble(table e, descriptor(ts), interval '10' second)) group by window_start, window_end;
