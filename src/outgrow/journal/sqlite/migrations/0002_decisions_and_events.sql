CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,              -- of everything below: the same decision is kept once
    checkpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    grade TEXT,                               -- absent: unknown
    rule_hash TEXT NOT NULL,
    state TEXT NOT NULL,                      -- JSON
    evidence TEXT NOT NULL                    -- JSON
) STRICT;

CREATE INDEX decisions_of_checkpoint ON decisions (checkpoint, at);
CREATE INDEX decisions_in_time ON decisions (at);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER,                            -- absent: it happened at `start`
    recorded_at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL                      -- JSON
) STRICT;

CREATE INDEX events_in_time ON events (start);
