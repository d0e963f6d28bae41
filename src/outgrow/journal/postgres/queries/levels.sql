-- The newest level of each day.
SELECT DISTINCT ON (series, day) series, day, level, coverage
FROM outgrow.daily_levels
WHERE series = ANY($1::bigint[]) AND statistic = $2 AND zone = $3 AND day BETWEEN $4 AND $5
    AND recorded_at <= coalesce($6, 'infinity'::timestamptz)
ORDER BY series, day, recorded_at DESC
