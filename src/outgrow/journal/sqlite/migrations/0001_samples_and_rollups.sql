-- Times are microseconds since the epoch (UTC). Rows lie in the order of their keys, so that a window of one series
-- is one contiguous read.

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    signal TEXT NOT NULL,
    signal_hash TEXT NOT NULL,
    labels TEXT NOT NULL,                     -- canonical JSON
    UNIQUE (signal_hash, labels)
) STRICT;

CREATE TABLE samples (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    observed_at INTEGER NOT NULL,
    value REAL,                               -- absent: see `absence`
    n INTEGER,
    newest INTEGER,
    absence TEXT,
    detail TEXT,
    backfilled INTEGER NOT NULL,              -- 0 read at its own moment, 1 asked for afterwards
    PRIMARY KEY (series, at),
    CHECK ((value IS NULL) = (absence IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE rollups (
    series INTEGER NOT NULL,
    resolution INTEGER NOT NULL,              -- seconds: 300 or 3600
    start INTEGER NOT NULL,
    count INTEGER NOT NULL,                   -- samples with a value
    missing INTEGER NOT NULL,                 -- samples without
    low REAL,
    high REAL,
    first REAL,
    last REAL,
    total REAL,
    PRIMARY KEY (series, resolution, start)
) STRICT, WITHOUT ROWID;
