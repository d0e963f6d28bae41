"""The made-up traffic of Korean Together: repeatable, believable, and past its thresholds at whatever hour it ends."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from koto.binary_copy import binary_copy
from koto.calls import NO_ERROR, NOT_ANSWERED, ROUTES, Calls
from koto.demand import DAY, EPOCH, MINUTE, REGIONS, Scenario
from koto.recorded import write_recordings
from koto.sessions import END_REASONS, Connections, Sessions, make_connections, make_sessions, make_users, open_sessions
from koto.tables import make_tables
from koto.turns import EVALUATION, TUTOR_RESPONSE, Events, make_events

HOUR = 60 * MINUTE


def week_until(end: datetime, seed: int = 3) -> tuple[Scenario, Sessions, Connections, Events, Calls]:
    scenario = Scenario(end, weeks=1, seed=seed)
    rng = np.random.default_rng(seed)
    sessions = make_sessions(scenario, make_users(scenario, rng), rng)
    return scenario, sessions, make_connections(scenario, sessions, rng), *make_events(scenario, sessions, rng)


@pytest.fixture(scope="module")
def week() -> tuple[Scenario, Sessions, Connections, Events, Calls]:
    return week_until(datetime(2026, 11, 20, 3, 17, 5, tzinfo=UTC))


def p95(events: Events, at: int) -> float:
    chosen = (events.kind == TUTOR_RESPONSE) & (events.latency_ms >= 0)
    chosen &= (events.created_at > at - 30 * MINUTE) & (events.created_at <= at)
    return float(np.percentile(events.latency_ms[chosen], 95))


def ai_share(events: Events, calls: Calls, at: int) -> float:
    ai_ms = calls.total_ms(len(events.kind))
    called = np.bincount(calls.event, minlength=len(events.kind)) > 0
    chosen = called & (events.latency_ms > 0) & (events.created_at > at - HOUR) & (events.created_at <= at)
    return float((ai_ms[chosen] / events.latency_ms[chosen]).mean())


@pytest.mark.parametrize("hour", [0, 4, 8, 12, 16, 20])
def test_whatever_the_hour_of_its_end_the_service_has_outgrown_its_container(hour: int):
    scenario, sessions, _, events, calls = week_until(
        datetime(2026, 11, 17 + hour % 7, hour, 31, tzinfo=UTC), seed=hour
    )
    end = scenario.end_micros

    # then A holds at every look of the last half hour, B and D hold at the end
    assert min(p95(events, end - minute * MINUTE) for minute in range(31)) > 800
    assert ai_share(events, calls, end) > 0.6
    assert 50 <= open_sessions(sessions, scenario)[-60:].max() < 100
    # and the day before none of them did
    assert p95(events, end - DAY) < 800
    assert ai_share(events, calls, end - DAY) < 0.6
    assert open_sessions(sessions, scenario)[-1500:-1380].max() < 50


def test_the_slowdown_begins_hours_before_the_end_and_timeouts_rise_with_it(week):
    scenario, _, connections, events, _ = week
    slow_from = scenario.slow_from_micros

    def timeouts(since: int, until: int) -> float:
        ended = (connections.ended_at > since) & (connections.ended_at <= until)
        return float((connections.reason[ended] == END_REASONS.index("timeout")).mean())

    assert p95(events, slow_from) < 800 < p95(events, slow_from + 90 * MINUTE)
    assert timeouts(slow_from - 5 * DAY, slow_from) < 0.01 < timeouts(slow_from + HOUR, scenario.end_micros)


def test_the_same_seed_and_end_give_the_same_rows_and_another_seed_gives_others():
    end = datetime(2026, 1, 5, tzinfo=UTC)

    def streams(seed: int) -> dict[str, bytes]:
        tables = make_tables(Scenario(end, weeks=1, scale=0.05, seed=seed))
        return {table.name: b"".join(binary_copy(list(table.columns.values()))) for table in tables}

    assert streams(5) == streams(5)
    assert streams(5) != streams(6)


def test_demand_follows_seouls_evening_and_grows(week):
    scenario, sessions, _, _, _ = week
    seoul = (sessions.started_at // HOUR + 9) % 24
    by_hour = np.bincount(seoul, minlength=24)

    assert 19 <= by_hour.argmax() <= 23
    assert by_hour.max() > 4 * by_hour.min()
    last_week = (sessions.started_at > scenario.end_micros - 10 * DAY) & (
        sessions.started_at < scenario.end_micros - 3 * DAY
    )
    weeks_before = (sessions.started_at < scenario.end_micros - 31 * DAY) & (
        sessions.started_at > scenario.end_micros - 38 * DAY
    )
    assert last_week.sum() > 1.3 * weeks_before.sum()


def test_a_day_has_nearly_ten_thousand_calls_for_speech(week):
    scenario, _, _, _, calls = week
    speech = np.array([route.type == "tts" for route in ROUTES])[calls.route] & (calls.error == NO_ERROR)

    assert 7_000 < (speech & (calls.created_at > scenario.end_micros - DAY)).sum() < 11_000


def test_nothing_is_dated_after_the_end(week):
    scenario, sessions, _, events, calls = week

    assert sessions.started_at.max() <= scenario.end_micros
    assert events.created_at.max() <= scenario.end_micros
    assert events.updated_at.max() <= scenario.end_micros
    assert calls.created_at.max() <= scenario.end_micros


def test_there_are_late_rows_changed_rows_and_unknown_latencies(week):
    _, _, _, events, calls = week
    backwards = np.diff(events.created_at) < -MINUTE

    assert 0 < backwards.mean() < 0.02
    assert 0 < (events.updated_at >= 0).mean() < 0.05
    assert 0 < (events.latency_ms < 0).mean() < 0.02
    assert (calls.latency_ms == NOT_ANSWERED).any()


def test_a_failed_call_costs_nothing_and_is_tried_again_elsewhere(week):
    _, _, _, events, calls = week
    failed = np.flatnonzero(calls.error != NO_ERROR)
    judged = np.array([route.type == "eval" for route in ROUTES])[calls.route]
    attempts = np.bincount(calls.event[judged], minlength=len(events.kind))
    failures = np.bincount(calls.event[judged & (calls.error != NO_ERROR)], minlength=len(events.kind))

    assert (calls.cost_millionths[failed] == 0).all()
    assert set(np.unique(attempts[failures > 0])) == {2}
    assert set(np.unique(attempts[failures == 0])) <= {0, 1}


def test_an_event_lasts_at_least_as_long_as_its_calls(week):
    _, _, _, events, calls = week
    known = events.latency_ms >= 0

    assert (events.latency_ms[known] >= calls.total_ms(len(events.kind))[known]).all()


def test_scores_are_from_0_to_100_and_only_evaluations_have_one(week):
    _, _, _, events, _ = week
    scored = events.score >= 0

    assert (events.kind[scored] == EVALUATION).all()
    assert events.score.max() <= 100
    assert ((events.skills[scored] >= 0) & (events.skills[scored] <= 100)).all()


def test_the_recordings_have_a_restart_and_a_gap_and_end_with_the_history(tmp_path):
    scenario = Scenario(datetime(2026, 11, 20, 3, 17, 5, tzinfo=UTC), weeks=2)

    store, probe = write_recordings(scenario, tmp_path)

    rows = [line.split(",") for line in store.read_text().splitlines()[1:]]
    counter = np.array([int(sent) for _, sent in rows])
    moments = [datetime.fromisoformat(moment) for moment, _ in rows]
    assert moments[-1] == scenario.end
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=10)}
    assert (np.diff(counter) < 0).sum() == 1
    assert 7e9 < counter[-1] - counter[-145] < 10e9
    latencies = [line.split(",")[1] for line in probe.read_text().splitlines()[1:]]
    assert "" in latencies
    assert 240 < np.mean([float(latency) for latency in latencies if latency]) < 300


def test_a_bigger_scale_means_more_learners_in_every_region():
    end = datetime(2026, 11, 20, tzinfo=UTC)
    small, large = (make_users(Scenario(end, weeks=1, scale=scale), np.random.default_rng(1)) for scale in (0.5, 2.0))

    sizes = [np.bincount(users.region, minlength=len(REGIONS)) for users in (small, large)]

    assert (sizes[1] > 3 * sizes[0]).all()
    assert (large.created_at <= (end - EPOCH) // timedelta(microseconds=1)).all()
