UPDATE events SET detail = json_remove(detail, '$.seen', '$.state')
WHERE id IN (
    SELECT id FROM events
    WHERE kind = 'scaling' AND json_type(detail, '$.seen') IS NOT NULL AND start < :before
    LIMIT :rows
)
