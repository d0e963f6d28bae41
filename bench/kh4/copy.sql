-- Exactly the same facts, moved into the document; a fact that is unknown is left out of it.
INSERT INTO as_jsonb
SELECT
    id, session_id, event_type,
    detail || jsonb_strip_nulls(jsonb_build_object(
        'score', score, 'passed', passed, 'primary_error_type', primary_error_type,
        'provider', provider, 'model', model, 'latency_ms', latency_ms
    )),
    created_at
FROM as_columns
