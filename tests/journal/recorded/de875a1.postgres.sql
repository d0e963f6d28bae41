-- A journal as outgrow wrote it at commit de875a1, before proofs kept commits, versions and policies.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA outgrow;
CREATE TABLE outgrow.daily_levels (
    series bigint NOT NULL,
    statistic text NOT NULL,
    zone text NOT NULL,
    day date NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    level double precision NOT NULL,
    coverage double precision NOT NULL
);
CREATE TABLE outgrow.decisions (
    id bigint NOT NULL,
    digest bytea NOT NULL,
    checkpoint text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    grade text,
    rule_hash text NOT NULL,
    state json NOT NULL,
    evidence json NOT NULL
);
ALTER TABLE outgrow.decisions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME outgrow.decisions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE outgrow.events (
    id bigint NOT NULL,
    digest bytea NOT NULL,
    kind text NOT NULL,
    start timestamp with time zone NOT NULL,
    "end" timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    subject text NOT NULL,
    detail json NOT NULL
);
ALTER TABLE outgrow.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME outgrow.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE outgrow.rollups (
    series bigint NOT NULL,
    resolution integer NOT NULL,
    start timestamp with time zone NOT NULL,
    count bigint NOT NULL,
    missing bigint NOT NULL,
    low double precision,
    high double precision,
    first double precision,
    last double precision,
    total double precision
);
CREATE TABLE outgrow.samples (
    series bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    value double precision,
    n bigint,
    newest timestamp with time zone,
    absence text,
    detail text,
    backfilled boolean NOT NULL,
    CONSTRAINT samples_check CHECK (((value IS NULL) = (absence IS NOT NULL)))
);
CREATE TABLE outgrow.schema_version (
    version integer NOT NULL,
    migrated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE outgrow.series (
    id bigint NOT NULL,
    signal text NOT NULL,
    signal_hash text NOT NULL,
    labels text NOT NULL
);
ALTER TABLE outgrow.series ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME outgrow.series_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO outgrow.decisions OVERRIDING SYSTEM VALUE VALUES (1, '\x1f37cf1082d6647d251286ab6bfdfa38946e5878190aa93e2f62b7c6133964b5', 'grown', '2026-11-21 08:32:31.903251+00', '2026-11-21 08:32:31.903251+00', NULL, '49ba34ca518145a4', '{"rule_hash":"49ba34ca518145a4","grades":{"recommended":{"held":null,"since":null,"first_confirmed":null,"unknown_since":"2026-11-21T08:32:31.903251+00:00","review":null}},"conditions":[{"condition":"A","labels":{},"at":"2026-11-21T08:32:31.903251+00:00","inside":false,"since":null,"confirmed":null,"run_since":null,"last":null}]}', '{"at":"2026-11-21T08:32:31.903251+00:00","grade":"unknown","undecided":["recommended"],"shadow":false,"latch_kept":false,"due":null,"deadlines":{},"rule_hash":"49ba34ca518145a4","rules":[{"grade":"recommended","state":"unknown","latched":false,"since":"2026-11-21T08:32:31.903251+00:00","first_confirmed":null,"unknown_since":"2026-11-21T08:32:31.903251+00:00","due":null,"review":null,"why":"A: the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"}],"conditions":[{"condition":"A","signal":"users","threshold":10.0,"state":"unknown","why":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before","progress_seconds":0.0,"known_from":null,"coverage":{"seen":0,"expected":1},"deciding":{},"headroom":null,"series":[{"labels":{},"state":"unknown","why":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before","progress_seconds":0.0,"known_from":null,"coverage":{"seen":0,"expected":1},"last":{"at":"2026-11-21T08:32:31.903251+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"},"window":[{"at":"2026-11-21T08:31:00+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"},{"at":"2026-11-21T08:32:31.903251+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"}]}]}]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (1, '\xb7a35a8ebb7aa806b991744e5d4b962de525a10d56cb9e0b8b3ff25d7d53b263', 'load_test', '2026-11-21 08:31:59.278992+00', '2026-11-21 08:32:02.262489+00', '2026-11-21 08:32:02.264762+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.05750395770021543,"too_weak":[]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (2, '\x55ca999c742b881d543ec88ab0f67538828fd2a13de0429a3fadbe3b907dde26', 'proof', '2026-11-21 08:31:59.232229+00', '2026-11-21 08:32:02.614274+00', '2026-11-21 08:32:02.614274+00', 'baseline', '{"text":"recorded","phase":"baseline","verdict":"recorded","plan_hash":"680aca7177dd2bd9","goals":[],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.05750395770021543,"thresholds":[],"goals":[],"too_weak":[],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (3, '\xd92225804641cbaad25e5a9058d68bc05efc891cb632ba83bf9e650017ef6f46', 'load_test', '2026-11-21 08:32:02.726784+00', '2026-11-21 08:32:05.701718+00', '2026-11-21 08:32:05.703251+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.05982688062946684,"too_weak":["5 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (4, '\x2255d260eaeabcfa559218c8986a2f2fd978af4e8ec55436bb1a9f47b718b927', 'proof', '2026-11-21 08:32:02.724556+00', '2026-11-21 08:32:05.83036+00', '2026-11-21 08:32:05.83036+00', 'v2', '{"text":"generator too weak","phase":"v2","verdict":"generator too weak","plan_hash":"728f92ba34cadcc2","goals":[{"text":"rps >= 15","value":21.55802479369421,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.0599477186016324,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.05982688062946684,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":21.55802479369421,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.0599477186016324,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":["5 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (5, '\x3ea5208b2c6cea83befe4d638fa6588cb4b6cc55690b7187bbe852aedb1020c5', 'load_test', '2026-11-21 08:32:06.088655+00', '2026-11-21 08:32:09.078234+00', '2026-11-21 08:32:09.081095+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.0634883871422066,"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (6, '\x1129b432da4f5b5658341aa7cb472131ed1e101f1c0e82f282989cde173d8632', 'proof', '2026-11-21 08:32:06.08637+00', '2026-11-21 08:32:09.13805+00', '2026-11-21 08:32:09.13805+00', 'v2', '{"text":"generator too weak","phase":"v2","verdict":"generator too weak","plan_hash":"728f92ba34cadcc2","goals":[{"text":"rps >= 15","value":20.317475425921828,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.06355186911702812,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.0634883871422066,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":20.317475425921828,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.06355186911702812,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (7, '\x317b69d781048d4bff331a85ec750c47c4c806e3b41007aabdb7b600a9d602ee', 'load_test', '2026-11-21 08:32:09.393867+00', '2026-11-21 08:32:12.37286+00', '2026-11-21 08:32:12.374199+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.06102329739187816,"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (8, '\x5152a89ac05bf0dd39a102ae358890212086ec01f39d82d939b445fec536a814', 'proof', '2026-11-21 08:32:09.36014+00', '2026-11-21 08:32:12.476093+00', '2026-11-21 08:32:12.476093+00', 'v2', '{"text":"generator too weak","phase":"v2","verdict":"generator too weak","plan_hash":"728f92ba34cadcc2","goals":[{"text":"rps >= 15","value":20.575434323959456,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.06102329739187816,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.06102329739187816,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":20.575434323959456,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.06102329739187816,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (9, '\x61eb5f9cf1960bd2f37902344f47f373c9ec38d8bf57c9cb69c9ada35a3589e8', 'load_test', '2026-11-21 08:32:12.865176+00', '2026-11-21 08:32:15.837327+00', '2026-11-21 08:32:15.838693+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.043582021672126804,"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (10, '\x5251a2a2e9db84c26a3f640c3184eb7fdd751906e9d71917354828bf99d2a295', 'proof', '2026-11-21 08:32:12.859437+00', '2026-11-21 08:32:15.897004+00', '2026-11-21 08:32:15.897004+00', 'v2', '{"text":"generator too weak","phase":"v2","verdict":"generator too weak","plan_hash":"728f92ba34cadcc2","goals":[{"text":"rps >= 15","value":20.622911643407665,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.043808800440116875,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.043582021672126804,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":20.622911643407665,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.043808800440116875,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (11, '\xb23fd2c60d84a95baed72894fd93770f4221c3c8c0b4af6f3a897da371388653', 'load_test', '2026-11-21 08:32:16.072314+00', '2026-11-21 08:32:19.044608+00', '2026-11-21 08:32:19.04598+00', 'peak', '{"text":"60 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.0015347007203345912,"too_weak":[]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (12, '\x39634edea80b0d1e43e75388e587238ca9cb001863baab96823893d78e9e339c', 'proof', '2026-11-21 08:32:16.060957+00', '2026-11-21 08:32:19.154288+00', '2026-11-21 08:32:19.154288+00', 'v2', '{"text":"proven","phase":"v2","verdict":"proven","plan_hash":"728f92ba34cadcc2","goals":[{"text":"rps >= 15","value":20.604472227278595,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.001549669521113837,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:33055","arrivals":60,"failed":0,"p95_seconds":0.0015347007203345912,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":20.604472227278595,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.001549669521113837,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":[],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (13, '\x628ff24f3dd69d67780c209d1cdd1a651395856e5fee97d7ca64eac76a808c2e', 'load_test', '2026-11-21 08:32:19.440541+00', '2026-11-21 08:32:23.45215+00', '2026-11-21 08:32:31.561726+00', 'peak', '{"text":"80 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":80,"outcomes":{"done":80},"p95_seconds":0.05982688062946684,"too_weak":["11 of 80 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (14, '\xcd5ab3b382395458958493552205eb1027e5bafe5f7e61c9520b9b5244f8a7f6', 'load_test', '2026-11-21 08:32:23.47543+00', '2026-11-21 08:32:27.505152+00', '2026-11-21 08:32:31.561726+00', 'peak', '{"text":"120 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":120,"outcomes":{"done":120},"p95_seconds":0.07438558586949921,"too_weak":["7 of 120 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (15, '\x59662c4fc24f1068264cc0656a88dd34ebc54c764c16ee3da82580fc28fc0e88', 'load_test', '2026-11-21 08:32:27.53061+00', '2026-11-21 08:32:31.559553+00', '2026-11-21 08:32:31.561726+00', 'peak', '{"text":"120 arrivals to http://127.0.0.1:33055","scenario":"peak","target":"http://127.0.0.1:33055","arrivals":120,"outcomes":{"done":120},"p95_seconds":0.04717420816052318,"too_weak":[]}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (16, '\x1b39083cc0cc698967b81fb0e70176a29bc45080db3d5aec1b14045890b09a66', 'capacity', '2026-11-21 08:32:31.56143+00', '2026-11-21 08:32:31.56143+00', '2026-11-21 08:32:31.561726+00', 'peak', '{"rate":30.0,"broken":null,"instances":1,"scenario":"peak","objective":"p95 <= 5,000 ms, errors <= 1 %","confirmed":true,"text":"30 arrivals/s per instance, p95 <= 5,000 ms, errors <= 1 %"}');
INSERT INTO outgrow.events OVERRIDING SYSTEM VALUE VALUES (17, '\xcd296d768fdf741c1ea66376670f32a0257c604bda79910490150f054b65991f', 'deployment', '2026-11-21 08:32:32.541218+00', NULL, '2026-11-21 08:32:32.542707+00', '', '{}');
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:33:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:34:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:35:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:36:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:37:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:38:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:39:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:40:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:41:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:42:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:43:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:44:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:45:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:46:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:47:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:48:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:49:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:50:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:51:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.samples VALUES (1, '2026-11-21 02:52:00+00', '2026-11-21 08:32:31.903251+00', NULL, NULL, NULL, 'empty window', 'the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before', true);
INSERT INTO outgrow.schema_version VALUES (1, '2026-11-21 08:32:02.512491+00');
INSERT INTO outgrow.schema_version VALUES (2, '2026-11-21 08:32:02.532409+00');
INSERT INTO outgrow.schema_version VALUES (3, '2026-11-21 08:32:02.546131+00');
INSERT INTO outgrow.series OVERRIDING SYSTEM VALUE VALUES (1, 'users', '109a00789cd31dd7', '{}');
SELECT pg_catalog.setval('outgrow.decisions_id_seq', 1, true);
SELECT pg_catalog.setval('outgrow.events_id_seq', 17, true);
SELECT pg_catalog.setval('outgrow.series_id_seq', 1, true);
ALTER TABLE ONLY outgrow.daily_levels
    ADD CONSTRAINT daily_levels_pkey PRIMARY KEY (series, statistic, zone, day, recorded_at);
ALTER TABLE ONLY outgrow.decisions
    ADD CONSTRAINT decisions_digest_key UNIQUE (digest);
ALTER TABLE ONLY outgrow.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY outgrow.events
    ADD CONSTRAINT events_digest_key UNIQUE (digest);
ALTER TABLE ONLY outgrow.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY outgrow.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (series, resolution, start);
ALTER TABLE ONLY outgrow.samples
    ADD CONSTRAINT samples_pkey PRIMARY KEY (series, at);
ALTER TABLE ONLY outgrow.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY outgrow.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (id);
ALTER TABLE ONLY outgrow.series
    ADD CONSTRAINT series_signal_hash_labels_key UNIQUE (signal_hash, labels);
CREATE INDEX daily_levels_in_time ON outgrow.daily_levels USING btree (day);
CREATE INDEX decisions_in_time ON outgrow.decisions USING btree (at);
CREATE INDEX decisions_of_checkpoint ON outgrow.decisions USING btree (checkpoint, at);
CREATE INDEX events_in_time ON outgrow.events USING btree (start);
