-- A scaling decision comes every few seconds, with all that it was made of; compaction looks for those that still have it.

CREATE INDEX scaling_in_full ON events (start) WHERE kind = 'scaling' AND json_type(detail, '$.seen') IS NOT NULL;
