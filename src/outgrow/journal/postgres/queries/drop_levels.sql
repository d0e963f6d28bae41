DELETE FROM outgrow.daily_levels
WHERE ctid = ANY(ARRAY(SELECT ctid FROM outgrow.daily_levels WHERE day < $1 LIMIT $2))
