SELECT digest, checkpoint, at, recorded_at, grade, rule_hash, state, evidence
FROM decisions
WHERE at >= coalesce(:start, -1 << 63) AND at <= coalesce(:end, ~(-1 << 63))
ORDER BY at DESC, recorded_at DESC, id DESC
LIMIT :newest
