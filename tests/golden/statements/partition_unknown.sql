CREATE TABLE t (id INT) PARTITIONED BY (dt) WITH ('connector' = 'filesystem', 'path' = 't', 'format' = 'json');
