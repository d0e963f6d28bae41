-- OFFSET 0 keeps the planner from carrying whole documents through the sort.
SELECT day, provider, model, primary_error_type,
       avg(score) AS mean_score, count(*) AS evaluations,
       avg(latency_ms) AS mean_latency_ms, avg(passed::int) AS pass_rate
FROM (
    SELECT created_at::date AS day, detail->>'provider' AS provider, detail->>'model' AS model,
           detail->>'primary_error_type' AS primary_error_type, (detail->>'score')::smallint AS score,
           (detail->>'latency_ms')::integer AS latency_ms, (detail->>'passed')::boolean AS passed
    FROM as_jsonb
    WHERE event_type = 'evaluation' AND created_at >= $1
    OFFSET 0
) AS parsed
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
