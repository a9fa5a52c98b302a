CREATE TABLE t (id INT, PRIMARY KEY (id)) WITH ('connector' = 'upsert-kafka', 'key.format' = 'json', 'value.format' = 'json');
