SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM outgrow.events
WHERE kind = ANY($3::text[])
    AND coalesce("end", start) >= coalesce($1, '-infinity'::timestamptz)
    AND start <= coalesce($2, 'infinity'::timestamptz)
ORDER BY start, recorded_at, id
