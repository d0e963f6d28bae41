INSERT INTO outgrow.events (digest, kind, start, "end", recorded_at, subject, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
