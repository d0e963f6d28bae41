-- The next series after $1 that has something before $2: its number, the oldest moment, and the $3-th one from there.
SELECT
    owner.id,
    (SELECT min(at) FROM outgrow.samples WHERE series = owner.id) AS oldest,
    (SELECT at FROM outgrow.samples WHERE series = owner.id AND at < $2 ORDER BY at LIMIT 1 OFFSET $3) AS edge
FROM outgrow.series AS owner
WHERE owner.id > $1 AND EXISTS (SELECT FROM outgrow.samples WHERE series = owner.id AND at < $2)
ORDER BY owner.id
LIMIT 1
