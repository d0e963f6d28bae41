"""A scenario's words become a rate, arrivals and requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.loadtest.course import Rotation, rate_of
from outgrow.loadtest.histogram import Histogram
from outgrow.loadtest.record import health_of
from outgrow.loadtest.schedule import planned
from tests.loadtest.servers import scenario

TARGET = "http://127.0.0.1:9"


def test_the_ramp_is_the_first_part_of_the_duration():
    rate = rate_of(scenario(TARGET, target_rps=500, duration="300s", ramp="30s"))

    assert rate.seconds == 300
    assert [rate.at(moment) for moment in (0, 15, 30, 299)] == [0, 250, 500, 500]
    assert planned(rate) == 500 * 270 + 500 * 30 // 2


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


def lateness(*seconds):
    made = Histogram()
    for each in seconds:
        made.record(each)
    return made


def test_a_generator_on_time_with_processor_to_spare_is_strong_enough():
    assert health_of(lateness(*[0.001] * 100), 1, 0.5, (), not_sent=0).too_weak == ()


@pytest.mark.parametrize(
    ("late", "cpu", "not_sent", "why"), [(2, 0.5, 0, "2 of 100"), (0, 0.95, 0, "95%"), (0, 0.5, 3, "ulimit")]
)
def test_a_generator_that_falls_behind_says_so(late, cpu, not_sent, why):
    (reason,) = health_of(lateness(*[0.001] * 100), late, cpu, (), not_sent=not_sent).too_weak

    assert why in reason
