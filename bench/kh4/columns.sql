SELECT created_at::date AS day, provider, model, primary_error_type,
       avg(score) AS mean_score, count(*) AS evaluations,
       avg(latency_ms) AS mean_latency_ms, avg(passed::int) AS pass_rate
FROM as_columns
WHERE event_type = 'evaluation' AND created_at >= $1
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
