--| materialize: table
SELECT event_type, count(*) AS events, count(DISTINCT user_id) AS users, sum(price) AS revenue
FROM bronze.shop_events
GROUP BY event_type
ORDER BY event_type
