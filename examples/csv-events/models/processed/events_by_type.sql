--| materialize: table
--| checks: [not_null(event_type), unique(event_type), "events > 0"]
--| export: { csv: data/processed/events_by_type.csv }
SELECT event_type, count(*) AS events, count(DISTINCT user_id) AS users, round(sum(value), 2) AS total_value
FROM raw.events
GROUP BY event_type
ORDER BY event_type
