"""Arrivals are as many as the area under the rate, at its moments, also when several processes share them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.loadtest.schedule import (
    Arrivals,
    Rate,
    Shape,
    Share,
    Stretch,
    constant,
    joined,
    paced,
    planned,
    poisson,
    ramp,
    spike,
    stages,
    steps,
    traced,
)

lengths = st.floats(0.05, 20)
rates = st.one_of(st.just(0.0), st.floats(0.01, 200))
linear = st.builds(Stretch, lengths, rates, rates)
exponential = st.builds(Stretch, lengths, st.floats(0.01, 200), st.floats(0.01, 200), st.just(Shape.EXPONENTIAL))
wave = st.builds(Stretch, lengths, rates, rates, st.just(Shape.WAVE))
changing = st.builds(Rate, st.lists(st.one_of(linear, exponential, wave), min_size=1, max_size=5).map(tuple))


def seconds(chunks):
    return [float(each) for chunk in chunks for each in chunk.seconds]


def numbered(chunks: list[Arrivals]):
    return {chunk.first + k * chunk.apart: float(due) for chunk in chunks for k, due in enumerate(chunk.seconds)}


def area_by_quadrature(rate: Rate, until: float) -> float:
    """Integrate by Simpson's rule, stretch by stretch: nothing of the schedule's own formulas."""
    total, begin = 0.0, 0.0
    for stretch in rate.stretches:
        span = min(max(until - begin, 0.0), stretch.seconds)
        grid = np.linspace(0, span, 2001)
        part = grid / stretch.seconds
        if stretch.shape is Shape.EXPONENTIAL:
            heights = stretch.start_rate ** (1 - part) * stretch.end_rate**part
        elif stretch.shape is Shape.WAVE:
            heights = stretch.start_rate + (stretch.end_rate - stretch.start_rate) * np.sin(np.pi / 2 * part) ** 2
        else:
            heights = stretch.start_rate * (1 - part) + stretch.end_rate * part
        total += span / 6000 * (heights[0] + heights[-1] + 4 * heights[1:-1:2].sum() + 2 * heights[2:-1:2].sum())
        begin += stretch.seconds
    return total


@given(changing)
def test_every_arrival_comes_when_the_area_reaches_its_number(rate: Rate):
    due = seconds(paced(rate))

    first = 0 if rate.is_constant else 1
    whole = area_by_quadrature(rate, rate.seconds)
    assert len(due) == planned(rate)
    assert abs(len(due) - (whole if first else whole + 0.5)) <= 1 + 1e-6
    for number, moment in list(enumerate(due))[:: max(1, len(due) // 7)]:
        assert area_by_quadrature(rate, moment) == pytest.approx(number + first, rel=1e-6, abs=1e-6)


@given(changing)
def test_arrivals_come_in_order_and_within_the_run(rate: Rate):
    due = seconds(paced(rate))

    assert all(earlier <= later for earlier, later in pairwise(due))
    assert all(0 <= moment <= rate.seconds + 1e-9 for moment in due)


@given(changing, st.integers(1, 7))
def test_processes_that_share_a_schedule_start_each_arrival_once(rate: Rate, processes: int):
    whole = numbered(list(paced(rate)))

    parts = [numbered(list(paced(rate, Share(index, processes)))) for index in range(processes)]

    assert sum(map(len, parts)) == len(whole)
    assert {number: due for part in parts for number, due in part.items()} == pytest.approx(whole)


@given(st.floats(1, 3000), st.floats(0.1, 10), st.integers(0, 2**32), st.integers(1, 5))
def test_processes_that_share_a_poisson_schedule_start_each_arrival_once(rate, length, seed, processes):
    whole = numbered(list(poisson(constant(rate, length), np.random.default_rng(seed))))

    parts = [
        numbered(list(poisson(constant(rate, length), np.random.default_rng(seed), Share(index, processes))))
        for index in range(processes)
    ]

    assert sum(map(len, parts)) == len(whole)
    assert {number: due for part in parts for number, due in part.items()} == whole


def test_poisson_arrivals_have_the_mean_and_the_scatter_of_their_area():
    rate = joined(ramp(0, 100, 10), constant(100, 5))  # area 1,000
    generator = np.random.default_rng(7)

    counts = np.array([sum(len(chunk.seconds) for chunk in poisson(rate, generator)) for _ in range(400)])

    # mean 1,000 and variance 1,000: four standard errors of each
    assert abs(counts.mean() - 1000) < 4 * np.sqrt(1000 / 400)
    assert abs(counts.var() / 1000 - 1) < 4 * np.sqrt(2 / 400)


@given(st.floats(0.1, 500), st.floats(0.1, 60))
def test_a_constant_rate_begins_at_once_and_keeps_its_gap(rate, length):
    due = seconds(paced(constant(rate, length)))

    assert due[0] == 0
    assert due == pytest.approx([number / rate for number in range(len(due))])
    assert due[-1] < length + 1e-6
    assert len(due) / rate >= length - 1e-6


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        # k6 2: ten a second for a second; 0 to 10 over two seconds: the n-th at sqrt(n / 2.5)
        (constant(10, 1), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        (ramp(0, 10, 2), [(n / 2.5) ** 0.5 for n in range(1, 11)]),
        (stages(2, [(1, 2), (0, 4), (1, 4)]), [0.5, 1, 1.25, 1.5, 1.75, 2]),
        (steps([1, 2], 2), [1, 2, 2.5, 3, 3.5, 4]),
        (spike(1, 4, before=1, held=1, after=1), [1, 1.25, 1.5, 1.75, 2, 3]),
        (joined(constant(0, 3), constant(2, 1)), [3.5, 4]),
        # 1 to e over a second: the n-th at ln(1 + n)
        (ramp(1, np.e, 1, Shape.EXPONENTIAL), [np.log(2)]),
        (constant(0.1, 30), [0, 10, 20]),
        (constant(0, 5), []),
    ],
)
def test_known_schedules_start_at_the_moments_worked_out_by_hand(rate, expected):
    assert seconds(paced(rate)) == pytest.approx(expected)


def test_a_trace_is_repeated_at_its_speed_from_its_first_arrival_on():
    assert seconds(traced([103, 100, 101], speed=2)) == [0, 0.5, 1.5]


@given(st.lists(st.floats(0, 1e6), max_size=60), st.floats(0.1, 100), st.integers(1, 5))
def test_processes_that_share_a_trace_start_each_arrival_once(moments, speed, processes):
    whole = numbered(list(traced(moments, speed)))

    parts = [numbered(list(traced(moments, speed, Share(index, processes)))) for index in range(processes)]

    assert sum(map(len, parts)) == len(whole) == len(moments)
    assert {number: due for part in parts for number, due in part.items()} == whole


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: constant(-1, 10),
        lambda: constant(1, 0),
        lambda: constant(float("nan"), 1),
        lambda: ramp(0, 10, 1, Shape.EXPONENTIAL),
        lambda: Share(3, 3),
        lambda: list(traced([1, 2], speed=0)),
        lambda: list(traced([1, float("inf")])),
    ],
)
def test_what_has_no_arrivals_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        wrong()


def test_users_come_when_the_level_reaches_them_and_go_when_it_has_left_them_as_in_k6():
    # k6 1.1.0's steps from 1 to 4 in 3 s, back to 0 in 2 s (getRawExecutionSteps)
    level = joined(ramp(1, 4, 3), ramp(4, 0, 2))

    found = [level.users_at(at) for at in (0, 0.99, 1, 2, 2.99, 3, 3.01, 3.49, 3.5, 4, 4.49, 4.5, 4.99, 5, 6)]

    assert found == [1, 1, 2, 3, 3, 4, 4, 4, 3, 2, 2, 1, 1, 0, 0]
