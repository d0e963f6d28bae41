-- Summarise samples that are not rolled up yet, in buckets of :width microseconds.
WITH loose AS (
    SELECT at, value
    FROM samples
    WHERE series = :series AND at >= :from AND at < :until
        -- Only what lies before the end of the newest roll-up can have one: nearly every sample is spared the search.
        AND (
            at >= (SELECT coalesce(max(start) + 3600000000, -1 << 63) FROM rollups WHERE series = :series AND resolution = 3600)
            AND at >= (SELECT coalesce(max(start) + 300000000, -1 << 63) FROM rollups WHERE series = :series AND resolution = 300)
            OR NOT EXISTS (
                SELECT 1
                FROM rollups
                WHERE series = :series AND resolution = 300
                    AND start = at - ((at % 300000000) + 300000000) % 300000000
            )
            AND NOT EXISTS (
                SELECT 1
                FROM rollups
                WHERE series = :series AND resolution = 3600 AND :resolution = 3600
                    AND start = at - ((at % 3600000000) + 3600000000) % 3600000000
            )
        )
),
grouped AS (
    SELECT
        at - ((at % :width) + :width) % :width AS start,
        count(value) AS count,
        count(*) - count(value) AS missing,
        min(value) AS low,
        max(value) AS high,
        min(at) FILTER (WHERE value IS NOT NULL) AS first_at,
        max(at) FILTER (WHERE value IS NOT NULL) AS last_at,
        CASE WHEN max(abs(value)) < 1e290 THEN sum(value) END AS total
    FROM loose
    GROUP BY 1
)
SELECT
    start, count, missing, low, high,
    (SELECT value FROM samples WHERE series = :series AND at = first_at) AS first,
    (SELECT value FROM samples WHERE series = :series AND at = last_at) AS last,
    total
FROM grouped
ORDER BY start
