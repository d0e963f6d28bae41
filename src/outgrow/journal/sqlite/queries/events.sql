SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM events
WHERE start <= coalesce(:end, ~(-1 << 63))
    AND coalesce("end", start) >= coalesce(:start, -1 << 63)
    AND (:subject IS NULL OR subject = :subject)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:having) AS wanted
        WHERE json_extract(detail, '$."' || wanted.key || '"') IS NOT wanted.value
    )
ORDER BY start, recorded_at, id
