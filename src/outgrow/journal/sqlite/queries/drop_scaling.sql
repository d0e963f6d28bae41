DELETE FROM events WHERE id IN (SELECT id FROM events WHERE kind = 'scaling' AND start < :before LIMIT :rows)
