-- Take the five-minute roll-ups of one series ($1) with $2 <= start < $3 out and put hours in their place. An hour
-- that is rolled up already keeps what it has.
WITH gone AS (
    DELETE FROM outgrow.rollups
    WHERE series = $1 AND resolution = 300 AND start >= $2 AND start < $3
    RETURNING start, count, missing, low, high, first, last, total
)
INSERT INTO outgrow.rollups (series, resolution, start, count, missing, low, high, first, last, total)
SELECT
    $1,
    3600,
    date_bin('1 hour', start, to_timestamp(0)) AS hour,
    sum(count),
    sum(missing),
    min(low),
    max(high),
    (array_agg(first ORDER BY start) FILTER (WHERE count > 0))[1],
    (array_agg(last ORDER BY start DESC) FILTER (WHERE count > 0))[1],
    CASE WHEN count(total) = count(low) THEN sum(total) END
FROM gone
GROUP BY 3
ORDER BY 3
ON CONFLICT DO NOTHING
