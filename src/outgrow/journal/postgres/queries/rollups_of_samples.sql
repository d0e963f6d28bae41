-- Summarise samples of one series ($1) with $2 <= at < $3 that are not rolled up yet, in buckets of $4 seconds.
--
-- Only what lies before the end of the newest roll-up can have one: nearly every sample is spared the search. Under OR
-- the search stays one look into the index per sample; a join would be planned by statistics that a young table lacks.
SELECT
    date_bin(make_interval(secs => $4::integer), at, to_timestamp(0)) AS start,
    count(value) AS count,
    count(*) - count(value) AS missing,
    min(value) AS low,
    max(value) AS high,
    (array_agg(value ORDER BY at) FILTER (WHERE value IS NOT NULL))[1] AS first,
    (array_agg(value ORDER BY at DESC) FILTER (WHERE value IS NOT NULL))[1] AS last,
    CASE WHEN max(abs(value)) < 1e290 THEN sum(value) FILTER (WHERE abs(value) < 1e290) END AS total
FROM outgrow.samples AS loose
WHERE series = $1 AND at >= $2 AND at < $3
    AND (
        at >= (
            SELECT coalesce(max(start) + interval '1 hour', '-infinity')
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 3600
        )
        AND at >= (
            SELECT coalesce(max(start) + interval '5 minutes', '-infinity')
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 300
        )
        OR NOT EXISTS (
            SELECT
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 300 AND start = date_bin('5 minutes', loose.at, to_timestamp(0))
        )
        AND NOT EXISTS (
            SELECT
            FROM outgrow.rollups
            WHERE series = $1 AND resolution = 3600 AND $4 = 3600
                AND start = date_bin('1 hour', loose.at, to_timestamp(0))
        )
    )
GROUP BY 1
ORDER BY 1
