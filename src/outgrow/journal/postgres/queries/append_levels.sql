-- Keep daily levels unless they are what was last written for their day.
INSERT INTO outgrow.daily_levels (series, statistic, zone, day, recorded_at, level, coverage)
SELECT given.series, given.statistic, given.zone, given.day, $7, given.level, given.coverage
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::date[], $5::float8[], $6::float8[])
    AS given (series, statistic, zone, day, level, coverage)
LEFT JOIN LATERAL (
    SELECT level, coverage
    FROM outgrow.daily_levels AS before
    WHERE before.series = given.series AND before.statistic = given.statistic AND before.zone = given.zone
        AND before.day = given.day AND before.recorded_at <= $7
    ORDER BY before.recorded_at DESC
    LIMIT 1
) AS last_written ON true
WHERE (last_written.level, last_written.coverage) IS DISTINCT FROM (given.level, given.coverage)
ON CONFLICT DO NOTHING
