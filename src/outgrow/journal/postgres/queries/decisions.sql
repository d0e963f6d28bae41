SELECT digest, checkpoint, at, recorded_at, grade, rule_hash, state, evidence
FROM outgrow.decisions
WHERE at >= coalesce($1, '-infinity'::timestamptz) AND at <= coalesce($2, 'infinity'::timestamptz)
ORDER BY at DESC, recorded_at DESC, id DESC
LIMIT $3
