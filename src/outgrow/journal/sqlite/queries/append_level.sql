-- Keep a daily level unless it is what was last written for that day.
INSERT INTO daily_levels (series, statistic, zone, day, recorded_at, level, coverage)
SELECT :series, :statistic, :zone, :day, :recorded_at, :level, :coverage
WHERE NOT EXISTS (
    SELECT 1
    FROM (
        SELECT level, coverage
        FROM daily_levels
        WHERE series = :series AND statistic = :statistic AND zone = :zone AND day = :day
            AND recorded_at <= :recorded_at
        ORDER BY recorded_at DESC
        LIMIT 1
    )
    WHERE level = :level AND coverage = :coverage
)
ON CONFLICT DO NOTHING
