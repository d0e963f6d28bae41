-- Merge five-minute roll-ups into hours where no hour is stored yet.
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
    FROM rollups AS fine
    WHERE series = :series AND resolution = 300 AND start >= :from AND start < :until
    GROUP BY 1
)
SELECT
    hour, count, missing, low, high,
    (SELECT first FROM rollups WHERE series = :series AND resolution = 300 AND start = first_at) AS first,
    (SELECT last FROM rollups WHERE series = :series AND resolution = 300 AND start = last_at) AS last,
    total
FROM grouped
WHERE NOT EXISTS (SELECT 1 FROM rollups WHERE series = :series AND resolution = 3600 AND start = hour)
ORDER BY hour
