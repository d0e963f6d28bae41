DELETE FROM outgrow.events
WHERE id = ANY(ARRAY(SELECT id FROM outgrow.events WHERE kind = 'scaling' AND start < $1 LIMIT $2))
