DELETE FROM outgrow.series AS owner
WHERE id = ANY($1::bigint[])
    AND NOT EXISTS (SELECT FROM outgrow.samples WHERE series = owner.id OFFSET 0)
    AND NOT EXISTS (SELECT FROM outgrow.rollups WHERE series = owner.id OFFSET 0)
    AND NOT EXISTS (SELECT FROM outgrow.daily_levels WHERE series = owner.id OFFSET 0)
