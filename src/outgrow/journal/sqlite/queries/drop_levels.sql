DELETE FROM daily_levels
WHERE (series, statistic, zone, day, recorded_at) IN (
    SELECT series, statistic, zone, day, recorded_at FROM daily_levels WHERE day < :day LIMIT :rows
)
