-- The next series after $1 that has a roll-up of resolution $4 before $2: its number, the oldest one, and the $3-th one
-- from there.
SELECT
    owner.id,
    oldest.start,
    (
        SELECT start
        FROM outgrow.rollups
        WHERE series = owner.id AND resolution = $4 AND start < $2
        ORDER BY start
        LIMIT 1 OFFSET $3
    ) AS edge
FROM outgrow.series AS owner
CROSS JOIN LATERAL (
    SELECT start
    FROM outgrow.rollups
    WHERE series = owner.id AND resolution = $4 AND start < $2
    ORDER BY start
    LIMIT 1
) AS oldest
WHERE owner.id > $1
ORDER BY owner.id
LIMIT 1
