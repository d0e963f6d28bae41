-- A scaling loop asks for a few events of one kind every few seconds, among hundreds of thousands of its own.
CREATE INDEX events_of_kind ON events (kind, coalesce("end", start));
