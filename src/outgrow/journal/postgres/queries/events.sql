SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM outgrow.events
WHERE start <= coalesce($2, 'infinity'::timestamptz)
    AND coalesce("end", start) >= coalesce($1, '-infinity'::timestamptz)
ORDER BY start, recorded_at, id
