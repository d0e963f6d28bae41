-- The same facts twice: as KH-4's first-class columns, and inside the JSONB document that they were lifted from.

CREATE TABLE as_columns (
    id                 bigint PRIMARY KEY,
    session_id         bigint NOT NULL,
    event_type         text   NOT NULL,
    score              smallint,
    passed             boolean,
    primary_error_type text,
    provider           text,
    model              text,
    latency_ms         integer,
    detail             jsonb  NOT NULL,
    created_at         timestamp NOT NULL
);

CREATE TABLE as_jsonb (
    id         bigint PRIMARY KEY,
    session_id bigint NOT NULL,
    event_type text   NOT NULL,
    detail     jsonb  NOT NULL,
    created_at timestamp NOT NULL
);
