-- A day's level may be written again when it has become another one: the newest counts, the older ones stay.
CREATE TABLE outgrow.daily_levels (
    series bigint NOT NULL,
    statistic text NOT NULL,
    zone text NOT NULL,
    day date NOT NULL,
    recorded_at timestamptz NOT NULL,
    level double precision NOT NULL,
    coverage double precision NOT NULL,
    PRIMARY KEY (series, statistic, zone, day, recorded_at)
);

CREATE INDEX daily_levels_in_time ON outgrow.daily_levels (day);
