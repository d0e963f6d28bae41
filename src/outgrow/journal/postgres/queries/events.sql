SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM outgrow.events
WHERE ($1::text[] IS NULL OR kind = ANY($1))
    AND start <= coalesce($3, 'infinity'::timestamptz)
    AND coalesce("end", start) >= coalesce($2, '-infinity'::timestamptz)
ORDER BY start, recorded_at, id
