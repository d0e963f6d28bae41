DELETE FROM outgrow.events
WHERE id = ANY(ARRAY(
    SELECT id FROM outgrow.events
    WHERE kind = 'scaling' AND (detail -> 'seen') IS NOT NULL AND start < $1
        AND detail #>> '{decision,current}' = detail #>> '{decision,desired}'
    LIMIT $2
))
