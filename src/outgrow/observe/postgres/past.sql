SELECT outgrow_instants.outgrow_number, outgrow_rows.*
FROM unnest($1::timestamptz[]) WITH ORDINALITY AS outgrow_instants (outgrow_at, outgrow_number)
CROSS JOIN LATERAL (
{query}
) AS outgrow_rows
LIMIT {rows}
