-- The next series after $1 that has something before $2: its number, the oldest moment, and the $3-th one from there.
SELECT
    owner.id,
    oldest.at,
    (SELECT at FROM outgrow.samples WHERE series = owner.id AND at < $2 ORDER BY at LIMIT 1 OFFSET $3) AS edge
FROM outgrow.series AS owner
CROSS JOIN LATERAL (
    SELECT at FROM outgrow.samples WHERE series = owner.id AND at < $2 ORDER BY at LIMIT 1
) AS oldest
WHERE owner.id > $1
ORDER BY owner.id
LIMIT 1
