-- Merge the five-minute roll-ups of one series with :from <= start < :until into hours. An hour that is rolled up
-- already keeps what it has.
WITH grouped AS (
    SELECT
        start - ((start % 3600000000) + 3600000000) % 3600000000 AS hour,
        sum(count) AS count,
        sum(missing) AS missing,
        min(low) AS low,
        max(high) AS high,
        min(start) FILTER (WHERE count > 0) AS first_at,
        max(start) FILTER (WHERE count > 0) AS last_at,
        CASE WHEN count(total) = count(low) THEN sum(total) END AS total
    FROM rollups
    WHERE series = :series AND resolution = 300 AND start >= :from AND start < :until
    GROUP BY 1
)
INSERT INTO rollups (series, resolution, start, count, missing, low, high, first, last, total)
SELECT
    :series, 3600, hour, count, missing, low, high,
    (SELECT first FROM rollups WHERE series = :series AND resolution = 300 AND start = first_at),
    (SELECT last FROM rollups WHERE series = :series AND resolution = 300 AND start = last_at),
    total
FROM grouped
WHERE true
ON CONFLICT DO NOTHING
