SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM events
WHERE start <= coalesce(:end, ~(-1 << 63))
    AND coalesce("end", start) >= coalesce(:start, -1 << 63)
ORDER BY start, recorded_at, id
