-- @events trades.jsonl
CREATE TABLE t (id INT, k STRING, v INT, d DOUBLE, s STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE p (k STRING, n BIGINT) WITH ('connector' = 'print');
CREATE TABLE q (k STRING, n BIGINT) WITH ('connector' = 'print');
CREATE VIEW o AS SELECT k, COUNT(*) OVER (PARTITION BY k ORDER BY ts) AS n FROM t;
EXECUTE STATEMENT SET BEGIN INSERT INTO p SELECT k, n FROM o; INSERT INTO q SELECT k, n FROM o WHERE n > 1; END;
