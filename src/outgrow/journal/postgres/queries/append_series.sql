INSERT INTO outgrow.series (signal, signal_hash, labels)
SELECT signal, signal_hash, labels
FROM unnest($1::text[], $2::text[], $3::text[]) AS given (signal, signal_hash, labels)
ORDER BY signal_hash, labels
ON CONFLICT DO NOTHING
