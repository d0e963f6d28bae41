INSERT INTO outgrow.samples (series, at, observed_at, value, n, newest, absence, detail, backfilled)
SELECT *
FROM unnest(
    $1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::float8[], $5::bigint[], $6::timestamptz[], $7::text[],
    $8::text[], $9::boolean[]
)
ON CONFLICT DO NOTHING
