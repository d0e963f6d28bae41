-- "+start": the kind and the end are looked up, not the order.
SELECT digest, kind, start, "end", recorded_at, subject, detail
FROM events
WHERE kind IN (SELECT value FROM json_each(:kinds))
    AND coalesce("end", start) >= coalesce(:start, -1 << 63)
    AND +start <= coalesce(:end, ~(-1 << 63))
ORDER BY start, recorded_at, id
