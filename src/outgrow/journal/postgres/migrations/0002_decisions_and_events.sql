-- "json" and not "jsonb": it gives back exactly the text that was written.

CREATE TABLE outgrow.decisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,             -- of everything below: the same decision is kept once
    checkpoint text NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    grade text,                               -- absent: unknown
    rule_hash text NOT NULL,
    state json NOT NULL,
    evidence json NOT NULL
);

CREATE INDEX decisions_of_checkpoint ON outgrow.decisions (checkpoint, at);
CREATE INDEX decisions_in_time ON outgrow.decisions (at);

CREATE TABLE outgrow.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    kind text NOT NULL,
    start timestamptz NOT NULL,
    "end" timestamptz,                        -- absent: it happened at "start"
    recorded_at timestamptz NOT NULL,
    subject text NOT NULL,
    detail json NOT NULL
);

CREATE INDEX events_in_time ON outgrow.events (start);
