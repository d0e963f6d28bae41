-- A journal as outgrow wrote it at commit de875a1, before proofs kept commits, versions and policies.
PRAGMA application_id = 1869968487;
BEGIN TRANSACTION;
CREATE TABLE daily_levels (
    series INTEGER NOT NULL,
    statistic TEXT NOT NULL,
    zone TEXT NOT NULL,
    day TEXT NOT NULL,                        -- YYYY-MM-DD in that zone
    recorded_at INTEGER NOT NULL,
    level REAL NOT NULL,
    coverage REAL NOT NULL,
    PRIMARY KEY (series, statistic, zone, day, recorded_at)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "decisions" VALUES(1,X'05019C2656753C28D8F6FC878F8DB531004A5A8A4FB8D3B7197054ACAC2CC5C0','grown',1795249912069037,1795249912069037,NULL,'49ba34ca518145a4','{"rule_hash":"49ba34ca518145a4","grades":{"recommended":{"held":null,"since":null,"first_confirmed":null,"unknown_since":"2026-11-21T08:31:52.069037+00:00","review":null}},"conditions":[{"condition":"A","labels":{},"at":"2026-11-21T08:31:52.069037+00:00","inside":false,"since":null,"confirmed":null,"run_since":null,"last":null}]}','{"at":"2026-11-21T08:31:52.069037+00:00","grade":"unknown","undecided":["recommended"],"shadow":false,"latch_kept":false,"due":null,"deadlines":{},"rule_hash":"49ba34ca518145a4","rules":[{"grade":"recommended","state":"unknown","latched":false,"since":"2026-11-21T08:31:52.069037+00:00","first_confirmed":null,"unknown_since":"2026-11-21T08:31:52.069037+00:00","due":null,"review":null,"why":"A: the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"}],"conditions":[{"condition":"A","signal":"users","threshold":10.0,"state":"unknown","why":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before","progress_seconds":0.0,"known_from":null,"coverage":{"seen":0,"expected":1},"deciding":{},"headroom":null,"series":[{"labels":{},"state":"unknown","why":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before","progress_seconds":0.0,"known_from":null,"coverage":{"seen":0,"expected":1},"last":{"at":"2026-11-21T08:31:52.069037+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"},"window":[{"at":"2026-11-21T08:30:00+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"},{"at":"2026-11-21T08:31:00+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"},{"at":"2026-11-21T08:31:52.069037+00:00","value":null,"missing":"empty window","detail":"the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before"}]}]}]}');
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
INSERT INTO "events" VALUES(1,X'3ACAC239C0CE3BC7294A18A566CE0E2BF831DCDDA718A68D8DD09743CF51E06B','load_test',1795249892854919,1795249895836582,1795249895848183,'peak','{"text":"60 arrivals to http://127.0.0.1:36035","scenario":"peak","target":"http://127.0.0.1:36035","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.06224364007277826,"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO "events" VALUES(2,X'A6551F74AD2B1BC954A1E33F7258350A4C06C621B6E4F9527BC5EB7CC75215A7','proof',1795249892274032,1795249896122482,1795249896122482,'baseline','{"text":"generator too weak","phase":"baseline","verdict":"generator too weak","plan_hash":"26a52f71412a30b5","goals":[],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:36035","arrivals":60,"failed":0,"p95_seconds":0.06224364007277826,"thresholds":[],"goals":[],"too_weak":["6 of 60 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO "events" VALUES(3,X'97D1DD2E335513D7E9F4FAD2294F7CBBDF9AEB0C5CF49C007D428212C084940D','load_test',1795249896296052,1795249899306036,1795249899307872,'peak','{"text":"60 arrivals to http://127.0.0.1:36035","scenario":"peak","target":"http://127.0.0.1:36035","arrivals":60,"outcomes":{"done":60},"p95_seconds":0.056376540765405776,"too_weak":[]}');
INSERT INTO "events" VALUES(4,X'F7BD0A778B61C3B714E705E56BFCD80420992120538C394B76CF30C8FEDD983C','proof',1795249896274870,1795249899342176,1795249899342176,'v2','{"text":"proven","phase":"v2","verdict":"proven","plan_hash":"883dc5c8e160367b","goals":[{"text":"rps >= 15","value":20.86476875695707,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.05666989573077438,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"scenarios":[{"scenario":"peak","target":"http://127.0.0.1:36035","arrivals":60,"failed":0,"p95_seconds":0.056376540765405776,"thresholds":[{"text":"http_req_failed rate<0.01","value":0.0,"operator":"<","limit":0.01,"unit":"ratio","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"goals":[{"text":"rps >= 15","value":20.86476875695707,"operator":">=","limit":15.0,"unit":"rps","verdict":"passed","window_seconds":1.0,"first_failed_seconds":null,"aborted":false,"why":""},{"text":"p95 < 5 s","value":0.05666989573077438,"operator":"<","limit":5.0,"unit":"s","verdict":"passed","window_seconds":null,"first_failed_seconds":null,"aborted":false,"why":""}],"too_weak":[],"interrupted":false}],"outgrow":"0.1.0.dev0","machine":"Linux x86_64, 2 cores, Python 3.11.7","scale":1.0}');
INSERT INTO "events" VALUES(5,X'0A430E77688EB58225807DB1B57083341182DF9D5E0827B20B7B4FD99F28682C','load_test',1795249899511079,1795249903525077,1795249911648901,'peak','{"text":"80 arrivals to http://127.0.0.1:36035","scenario":"peak","target":"http://127.0.0.1:36035","arrivals":80,"outcomes":{"done":80},"p95_seconds":0.05865392069634134,"too_weak":["8 of 80 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO "events" VALUES(6,X'436069C42E2BFC16DCBCE36D873DA1A6F03758D3986FF4E51D61998A3C1AF418','load_test',1795249903531003,1795249907527448,1795249911648901,'peak','{"text":"120 arrivals to http://127.0.0.1:36035","scenario":"peak","target":"http://127.0.0.1:36035","arrivals":120,"outcomes":{"done":120},"p95_seconds":0.06872132764639098,"too_weak":["9 of 120 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO "events" VALUES(7,X'0256BF3D1A6702BBF3EB0435F1337D551820A4C9FB1F2AC8CF36DCCEBD50473C','load_test',1795249907582432,1795249911621675,1795249911648901,'peak','{"text":"120 arrivals to http://127.0.0.1:36035","scenario":"peak","target":"http://127.0.0.1:36035","arrivals":120,"outcomes":{"done":120},"p95_seconds":0.06475802663863696,"too_weak":["6 of 120 arrivals were released more than 10 ms late (at most 1% may be); give the generator a core of its own, or ask for a lower rate"]}');
INSERT INTO "events" VALUES(8,X'916C8841CA4D0227A46AF9DFBAE26A04F88F1F2B6FFD76BFACC124E81790A1F5','capacity',1795249911632459,1795249911632459,1795249911648901,'peak','{"rate":30.0,"broken":null,"instances":1,"scenario":"peak","objective":"p95 <= 5,000 ms, errors <= 1 %","confirmed":true,"text":"30 arrivals/s per instance, p95 <= 5,000 ms, errors <= 1 %"}');
INSERT INTO "events" VALUES(9,X'2432B5E6B8A0C476D58A3B114E8026FD619A4AC045B1C5A1A20F8A706E86A228','deployment',1795249912498858,NULL,1795249912500623,'','{}');
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
INSERT INTO "samples" VALUES(1,1795228320000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228380000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228440000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228500000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228560000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228620000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228680000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228740000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228800000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228860000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228920000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795228980000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229040000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229100000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229160000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229220000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229280000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229340000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229400000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
INSERT INTO "samples" VALUES(1,1795229460000000,1795249912069037,NULL,NULL,NULL,'empty window','the newest row is of 2026-11-20 00:01:00 UTC, more than 2 x 1m before',1);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    signal TEXT NOT NULL,
    signal_hash TEXT NOT NULL,
    labels TEXT NOT NULL,                     -- canonical JSON
    UNIQUE (signal_hash, labels)
) STRICT;
INSERT INTO "series" VALUES(1,'users','109a00789cd31dd7','{}');
CREATE INDEX decisions_of_checkpoint ON decisions (checkpoint, at);
CREATE INDEX decisions_in_time ON decisions (at);
CREATE INDEX events_in_time ON events (start);
CREATE INDEX daily_levels_in_time ON daily_levels (day);
COMMIT;
PRAGMA user_version=3;
