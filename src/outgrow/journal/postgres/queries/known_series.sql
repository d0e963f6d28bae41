-- The lock keeps compaction from removing a series between this look and the write that follows.
SELECT known.id, known.signal_hash, known.labels
FROM unnest($1::text[], $2::text[]) AS wanted (signal_hash, labels)
JOIN outgrow.series AS known USING (signal_hash, labels)
ORDER BY known.id
FOR KEY SHARE OF known
