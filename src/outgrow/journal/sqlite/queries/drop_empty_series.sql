-- Series of which nothing is left: labels come and go, and their names should not stay for ever.
DELETE FROM series AS owner
WHERE id > :after AND id <= :last
    AND NOT EXISTS (SELECT 1 FROM samples WHERE series = owner.id)
    AND NOT EXISTS (SELECT 1 FROM rollups WHERE series = owner.id)
    AND NOT EXISTS (SELECT 1 FROM daily_levels WHERE series = owner.id)
