UPDATE outgrow.events SET detail = (detail::jsonb - '{seen,state}'::text[])::json
WHERE id = ANY(ARRAY(
    SELECT id FROM outgrow.events
    WHERE kind = 'scaling' AND (detail -> 'seen') IS NOT NULL AND start < $1
    LIMIT $2
))
