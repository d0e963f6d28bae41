-- Summarise the samples of one series with :from <= at < :until into five-minute buckets. A bucket that is rolled up
-- already keeps what it has.
WITH grouped AS (
    SELECT
        at - ((at % 300000000) + 300000000) % 300000000 AS start,
        count(value) AS count,
        count(*) - count(value) AS missing,
        min(value) AS low,
        max(value) AS high,
        min(at) FILTER (WHERE value IS NOT NULL) AS first_at,
        max(at) FILTER (WHERE value IS NOT NULL) AS last_at,
        CASE WHEN max(abs(value)) < 1e290 THEN sum(value) END AS total
    FROM samples
    WHERE series = :series AND at >= :from AND at < :until
    GROUP BY 1
)
INSERT INTO rollups (series, resolution, start, count, missing, low, high, first, last, total)
SELECT
    :series, 300, start, count, missing, low, high,
    (SELECT value FROM samples WHERE series = :series AND at = first_at),
    (SELECT value FROM samples WHERE series = :series AND at = last_at),
    total
FROM grouped
WHERE true -- else the parser takes ON for a join
ON CONFLICT DO NOTHING
