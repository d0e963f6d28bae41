"""A scenario's words become a rate, arrivals and requests."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.loads import Outcome
from outgrow.facts.shards import ShardFacts, StepCounts
from outgrow.loadtest.course import Rotation, planned_flows, rate_of
from outgrow.loadtest.histogram import Histogram
from outgrow.loadtest.record import health_of
from outgrow.loadtest.schedule import Share, planned
from outgrow.plan.asked_load import longest_course
from tests.loadtest.servers import scenario

TARGET = "http://127.0.0.1:9"


def test_the_ramp_is_the_first_part_of_the_duration():
    rate = rate_of(scenario(TARGET, target_rps=500, duration="300s", ramp="30s"))

    assert rate.seconds == 300
    assert [rate.at(moment) for moment in (0, 15, 30, 299)] == [0, 250, 500, 500]
    assert planned(rate) == 500 * 270 + 500 * 30 // 2


@pytest.mark.parametrize(
    "course",
    [
        {"target_rps": 5, "duration": "90s", "ramp": "30s"},
        {"vus": 5, "duration": "2m"},
        {"vus": 5, "iterations": 100},
        {"stages": [{"ramp": 9, "over": "2m"}, {"jump": 5, "hold": "5m"}, {"hold": "1s"}, {"jump": 3}]},
        {"stages": [{"steps": [1, 2, 3], "each": "1m"}, {"spike": 5, "hold": "30s"}]},
        {"stages": [{"sine": {"low": 5, "high": 15, "period": "10m", "times": 3}}]},
    ],
)
def test_the_plan_knows_how_long_a_course_is_that_no_recording_says(course):
    made = scenario(TARGET, **course)

    assert (longest_course(made) or timedelta()).total_seconds() == rate_of(made).seconds


def test_an_exponential_ramp_begins_at_a_hundredth():
    rate = rate_of(scenario(TARGET, target_rps=100, duration="30m", ramp="2m", ramp_shape="exponential"))

    assert [rate.at(moment) for moment in (0, 60, 120)] == pytest.approx([1, 10, 100])


def test_stages_ramp_jump_and_hold():
    stages = [{"ramp": 100, "over": "2m"}, {"jump": 500, "hold": "5m"}, {"ramp": 0, "over": "2m"}]
    rate = rate_of(scenario(TARGET, stages=stages))

    assert rate.seconds == 540
    assert [rate.at(moment) for moment in (60, 119.99, 120, 419, 480)] == pytest.approx(
        [50, 100, 500, 500, 250], rel=1e-3
    )
    assert planned(rate) == 6_000 + 150_000 + 30_000


def test_stages_may_be_stairs_spikes_and_waves():
    stages = [
        {"steps": [10, 20], "each": "1m"},
        {"spike": 500, "hold": "30s"},
        {"hold": "1m"},
        {"sine": {"low": 50, "high": 150, "period": "10m", "times": 2}},
    ]
    rate = rate_of(scenario(TARGET, stages=stages))

    assert rate.seconds == 60 * 2 + 30 + 60 + 1200
    shown = [rate.at(moment) for moment in (0, 60, 119, 120, 149, 150, 209)]
    assert shown == [10, 20, 20, 500, 500, 20, 20]
    assert [rate.at(210 + moment) for moment in (0, 150, 300, 450, 600, 900)] == pytest.approx(
        [50, 100, 150, 100, 50, 150]
    )
    assert planned(rate) == 600 + 1200 + 15_000 + 1200 + 1200 * 100


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 200))
def test_a_cycle_of_arrivals_meets_every_weight(weights, users):
    rotation = Rotation(tuple(weights), users)
    whole = sum(weights)

    chosen = [rotation.flow(arrival) for arrival in range(whole)]

    assert [chosen.count(step) for step in range(len(weights))] == weights


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 60))
def test_any_round_of_arrivals_has_every_session_once(weights, users):
    rotation = Rotation(tuple(weights), users)

    for turn in range(5):
        assert {rotation.user(turn * users + arrival) for arrival in range(users)} == set(range(users))


@given(st.integers(1, 40), st.integers(1, 6), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_shares_have_sessions_of_their_own_and_together_all(users, of, weights):
    of = min(of, users)
    met = []
    for index in range(of):
        rotation = Rotation(tuple(weights), users, Share(index, of))
        arrivals = range(index, index + of * rotation.users * 3, of)
        met.append({rotation.user(arrival) for arrival in arrivals})

    assert sum(map(len, met)) == users
    assert set().union(*met) == set(range(users))


@given(
    st.integers(1, 300),
    st.integers(1, 7),
    st.sampled_from(["even", "poisson"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_shares_together_plan_what_one_process_would(rps, of, arrivals, weights):
    steps = [{"name": f"s{index}", "weight": weight} for index, weight in enumerate(weights)]
    made = scenario(TARGET, target_rps=rps, duration="700ms", arrivals=arrivals, steps=steps)

    parts = [planned_flows(made, Share(index, of)) for index in range(of)]

    assert [sum(counts) for counts in zip(*parts, strict=True)] == planned_flows(made)


def shard(late=0, cpu=0.5, not_sent=0, lost="", of=1):
    durations = Histogram()
    for _ in range(100):
        durations.record(0.001)
    outcomes = {Outcome.NOT_SENT: not_sent, Outcome.LOST: 7 if lost else 0}
    return ShardFacts(0, of, 10.0, 10 * cpu, False, (StepCounts(outcomes),), (), (), durations.facts(), late, lost=lost)


def test_a_generator_on_time_with_processor_to_spare_is_strong_enough():
    assert health_of([shard(late=1)]).too_weak == ()


def test_a_hiccup_of_a_short_run_makes_no_generator_weak():
    assert health_of([shard(late=4)]).too_weak == ()


@pytest.mark.parametrize(
    ("weakness", "why"),
    [
        ({"late": 5}, "5 of 100"),
        ({"cpu": 0.95}, "95%"),
        ({"not_sent": 3}, "ulimit"),
        ({"lost": "it was ended by SIGKILL after 3 s"}, "SIGKILL after 3 s; 7 arrivals lost"),
    ],
)
def test_a_generator_that_falls_behind_says_so(weakness, why):
    (reason,) = health_of([shard(**weakness)]).too_weak

    assert why in reason


def test_the_busiest_process_decides_about_the_generator_and_is_named():
    health = health_of([shard(of=2), shard(cpu=0.97, late=1, of=2)])

    assert health.cpu_share == pytest.approx(0.97)
    assert health.late == 1
    assert [reason.startswith("process 1 of 2: the generator used 97%") for reason in health.too_weak] == [True]
