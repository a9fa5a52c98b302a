-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
CREATE TABLE base (id INT, k STRING) WITH ('connector' = 'kafka', 'topic' = 'base', 'properties.bootstrap.servers' = 'localhost:9092', 'format' = 'json');
CREATE TABLE more (extra AS id * 2, v INT) WITH ('topic' = 'more') LIKE base;
DESCRIBE more;
SHOW CREATE TABLE more;
