-- Series of which nothing is left, locked. Whether that is still so must be asked by a later statement: this one
-- cannot see what was committed while it took the locks. OFFSET keeps each EXISTS one look into an index; a join would
-- read all samples there are.
SELECT id
FROM outgrow.series AS owner
WHERE NOT EXISTS (SELECT FROM outgrow.samples WHERE series = owner.id OFFSET 0)
    AND NOT EXISTS (SELECT FROM outgrow.rollups WHERE series = owner.id OFFSET 0)
    AND NOT EXISTS (SELECT FROM outgrow.daily_levels WHERE series = owner.id OFFSET 0)
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED
