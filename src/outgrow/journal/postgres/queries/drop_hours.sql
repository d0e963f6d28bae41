DELETE FROM outgrow.rollups WHERE series = $1 AND resolution = 3600 AND start >= $2 AND start < $3
