-- $1 events over 90 days, a third of them evaluations, each with a feedback text of about $2 characters.
INSERT INTO as_columns
SELECT
    number,
    number / 30,
    CASE WHEN evaluated THEN 'evaluation' ELSE 'tutor_response' END,
    CASE WHEN evaluated THEN score END,
    CASE WHEN evaluated THEN score >= 60 END,
    CASE WHEN evaluated AND score < 92
         THEN (ARRAY['grammar', 'vocabulary', 'pronunciation', 'formality'])[1 + floor(random() * 4)::int] END,
    CASE WHEN slow THEN 'openai' ELSE 'google' END,
    CASE WHEN slow THEN 'gpt-4o-mini' ELSE 'gemini-1.5-flash' END,
    CASE WHEN random() < 0.99 THEN (200 + 400 * random())::int END,
    jsonb_build_object(
        'turn', number % 30,
        'feedback', (SELECT string_agg(md5(number::text || '/' || part), ' ')
                     FROM generate_series(1, ceil($2::integer * (0.7 + 0.6 * luck) / 33)::integer) AS part),
        'rubric', jsonb_build_object('fluency', floor(random() * 100), 'coherence', floor(random() * 100))
    ),
    timestamp '2026-01-01' + number * (interval '90 days' / $1::bigint)
FROM (
    SELECT number, random() AS luck, random() < 0.33 AS evaluated, random() < 0.8 AS slow, floor(40 + random() * 61)::int AS score
    FROM generate_series(1, $1::bigint) AS number
) AS events
