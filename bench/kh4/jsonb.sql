SELECT created_at::date AS day, detail->>'provider' AS provider, detail->>'model' AS model,
       detail->>'primary_error_type' AS primary_error_type,
       avg((detail->>'score')::smallint) AS mean_score, count(*) AS evaluations,
       avg((detail->>'latency_ms')::integer) AS mean_latency_ms, avg((detail->>'passed')::boolean::int) AS pass_rate
FROM as_jsonb
WHERE event_type = 'evaluation' AND created_at >= $1
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
