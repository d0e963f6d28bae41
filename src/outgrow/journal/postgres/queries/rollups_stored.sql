SELECT start, count, missing, low, high, first, last, total
FROM outgrow.rollups
WHERE series = $1 AND resolution = $4 AND start >= $2 AND start < $3
ORDER BY start
