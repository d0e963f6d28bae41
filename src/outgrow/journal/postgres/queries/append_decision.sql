INSERT INTO outgrow.decisions (digest, checkpoint, at, recorded_at, grade, rule_hash, state, evidence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
