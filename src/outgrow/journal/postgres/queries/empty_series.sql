-- Series of which nothing is left, locked. Whether that is still so must be asked by a later statement: this one
-- cannot see what was committed while it took the locks.
SELECT id
FROM outgrow.series AS owner
WHERE NOT EXISTS (SELECT FROM outgrow.samples WHERE series = owner.id)
    AND NOT EXISTS (SELECT FROM outgrow.rollups WHERE series = owner.id)
    AND NOT EXISTS (SELECT FROM outgrow.daily_levels WHERE series = owner.id)
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED
