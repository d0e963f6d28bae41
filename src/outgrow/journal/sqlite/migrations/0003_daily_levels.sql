-- A day's level may be written again when it has become another one: the newest counts, the older ones stay.
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

CREATE INDEX daily_levels_in_time ON daily_levels (day);
