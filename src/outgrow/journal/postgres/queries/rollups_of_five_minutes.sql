-- Merge five-minute roll-ups of one series ($1) with $2 <= start < $3 into hours where no hour is stored yet.
SELECT
    date_bin('1 hour', start, to_timestamp(0)) AS hour,
    sum(count)::bigint AS count,
    sum(missing)::bigint AS missing,
    min(low) AS low,
    max(high) AS high,
    (array_agg(first ORDER BY start) FILTER (WHERE count > 0))[1] AS first,
    (array_agg(last ORDER BY start DESC) FILTER (WHERE count > 0))[1] AS last,
    CASE WHEN count(total) = count(low) THEN sum(total) END AS total
FROM outgrow.rollups AS fine
WHERE series = $1 AND resolution = 300 AND start >= $2 AND start < $3
    AND (
        start >= (
            SELECT coalesce(max(start) + interval '1 hour', '-infinity')
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 3600
        )
        OR NOT EXISTS (
            SELECT
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 3600 AND start = date_bin('1 hour', fine.start, to_timestamp(0))
        )
    )
GROUP BY 1
ORDER BY 1
