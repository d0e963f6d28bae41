SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM outgrow.events
WHERE kind = ANY($5::text[])
    AND coalesce("end", start) >= coalesce($1, '-infinity'::timestamptz)
    AND start <= coalesce($2, 'infinity'::timestamptz)
    AND ($3::text IS NULL OR subject = $3)
    AND NOT EXISTS (
        SELECT 1 FROM json_each_text($4::json) AS wanted WHERE detail ->> wanted.key IS DISTINCT FROM wanted.value
    )
ORDER BY start, recorded_at, id
