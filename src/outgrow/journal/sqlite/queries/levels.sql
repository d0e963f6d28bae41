-- The newest level of each day. SQLite takes the bare columns beside a single max() from the row that has it.
SELECT day, level, coverage, max(recorded_at)
FROM daily_levels
WHERE series = :series AND statistic = :statistic AND zone = :zone AND day BETWEEN :start AND :end
    AND (:until IS NULL OR recorded_at <= :until)
GROUP BY day
ORDER BY day
