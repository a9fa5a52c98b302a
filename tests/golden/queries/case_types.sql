-- @events edges.jsonl
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'e', 'format' = 'json');
SELECT CASE WHEN id > 1 THEN 1 ELSE 2.5 END AS a, COALESCE(id, 1.5) AS b, IF(id > 1, 'a', 'bcd') AS c, NULLIF(id, 2) AS d, CASE id WHEN 1 THEN 'x' END AS e, CASE WHEN id > 3 THEN 'long text' WHEN id > 1 THEN 'mid' ELSE '' END AS f, GREATEST(id, 5, 2.5) AS g, LEAST(k, 'xx') AS h FROM e;
