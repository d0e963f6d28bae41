SELECT start, count, missing, low, high, first, last, total
FROM rollups
WHERE series = :series AND resolution = :resolution AND start >= :from AND start < :until
ORDER BY start
