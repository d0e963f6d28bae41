-- Take the samples of one series ($1) with $2 <= at < $3 out and put five-minute roll-ups in their place, in one go. A
-- bucket that is rolled up already keeps what it has.
WITH gone AS (
    DELETE FROM outgrow.samples WHERE series = $1 AND at >= $2 AND at < $3 RETURNING at, value
)
INSERT INTO outgrow.rollups (series, resolution, start, count, missing, low, high, first, last, total)
SELECT
    $1,
    300,
    date_bin('5 minutes', at, to_timestamp(0)) AS start,
    count(value),
    count(*) - count(value),
    min(value),
    max(value),
    (array_agg(value ORDER BY at) FILTER (WHERE value IS NOT NULL))[1],
    (array_agg(value ORDER BY at DESC) FILTER (WHERE value IS NOT NULL))[1],
    CASE WHEN max(abs(value)) < 1e290 THEN sum(value) FILTER (WHERE abs(value) < 1e290) END
FROM gone
GROUP BY 3
ORDER BY 3
ON CONFLICT DO NOTHING
