DELETE FROM events
WHERE id IN (
    SELECT id FROM events
    WHERE kind = 'scaling' AND json_type(detail, '$.seen') IS NOT NULL AND start < :before
        AND json_extract(detail, '$.decision.current') IS json_extract(detail, '$.decision.desired')
    LIMIT :rows
)
