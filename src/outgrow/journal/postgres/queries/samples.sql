SELECT at, observed_at, value, n, newest, absence, detail, backfilled
FROM outgrow.samples
WHERE series = $1 AND at BETWEEN $2 AND $3 AND observed_at <= coalesce($4, 'infinity'::timestamptz)
ORDER BY at
