CREATE TABLE outgrow.series (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    signal text NOT NULL,
    signal_hash text NOT NULL,
    labels text NOT NULL,                     -- canonical JSON
    UNIQUE (signal_hash, labels)
);

CREATE TABLE outgrow.samples (
    series bigint NOT NULL,
    at timestamptz NOT NULL,
    observed_at timestamptz NOT NULL,
    value double precision,                   -- absent: see "absence"
    n bigint,
    newest timestamptz,
    absence text,
    detail text,
    backfilled boolean NOT NULL,              -- whether it was asked for after its moment
    PRIMARY KEY (series, at),
    CHECK ((value IS NULL) = (absence IS NOT NULL))
);

CREATE TABLE outgrow.rollups (
    series bigint NOT NULL,
    resolution integer NOT NULL,              -- seconds: 300 or 3600
    start timestamptz NOT NULL,
    count bigint NOT NULL,                    -- samples with a value
    missing bigint NOT NULL,                  -- samples without
    low double precision,
    high double precision,
    first double precision,
    last double precision,
    total double precision,
    PRIMARY KEY (series, resolution, start)
);
