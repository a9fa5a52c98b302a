-- What was sold on each day to whom, by the segment the customer was in when it was sold.
SELECT
  CAST(f.sold_at AS DATE) AS day,
  coalesce(c.segment, 'not known') AS segment,
  count(*) AS sales,
  sum(f.amount) AS amount
FROM warehouse.fact_sales AS f
LEFT JOIN warehouse.dim_customers AS c ON c._key = f.customer_key
GROUP BY ALL
ORDER BY day, segment
