"""A long run is kept in coarser intervals: what is judged of them is right, or it is said that they do not tell."""

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outgrow.decide.phase_proofs import scenario_proof
from outgrow.decide.thresholds import Watch, judged
from outgrow.facts.loads import StepLoad
from outgrow.facts.proofs import ThresholdVerdict
from outgrow.loadtest.timeline import Timeline
from tests.decide.given_loads import run_of, second
from tests.decide.test_thresholds import gates

PASSED, FAILED, NO_DATA = ThresholdVerdict.PASSED, ThresholdVerdict.FAILED, ThresholdVerdict.NO_DATA
WINDOWS = gates(
    {
        "http_req_duration": [
            {"threshold": "p(95)<500", "over": "4s"},
            {"threshold": "max<600", "over": "8s"},
            {"threshold": "avg<300", "over": "3s"},
        ],
        "http_req_failed": [{"threshold": "rate<0.4", "over": "2s"}, {"threshold": "rate<0.4", "over": "4s"}],
        "http_reqs": [{"threshold": "rate>1", "over": "4s"}, "peak>=3", "peak<=4"],
        "vus": [{"threshold": "value<5", "over": "4s"}],
    }
)
WHOLE = gates(
    {
        "http_req_duration": ["p(95)<500", "max<1000", "avg<400"],
        "http_req_failed": ["rate<0.4"],
        "http_reqs": ["count>20", "rate>1"],
        "dropped_iterations": ["count<9"],
    }
)
# Eighths add up exactly, in any order.
TOLD = st.lists(
    st.tuples(st.lists(st.sampled_from([0.125, 0.25, 0.75]), max_size=5), st.integers(0, 2), st.integers(0, 7)),
    min_size=12,
    max_size=90,
)


def of_seconds(told):
    return [
        second(index + 1.0, times, failed=failed, in_flight=users) for index, (times, failed, users) in enumerate(told)
    ]


def kept(seconds, most):
    timeline = Timeline(most)
    for each in seconds:
        timeline.add(each)
    return replace(run_of(timeline.intervals), steps=(StepLoad("one", {}, {}, None, None, None),))


@settings(deadline=None)
@given(TOLD, st.integers(2, 12))
@example([([0.125], 0, 1)] * 25 + [([0.75] * 5, 2, 6)] * 5 + [([0.125], 0, 1)] * 30, 6)
def test_a_window_over_coarse_intervals_is_judged_as_over_seconds_or_not_at_all(told, most):
    exact = judged(WINDOWS, kept(of_seconds(told), 1000), 5)
    coarse = judged(WINDOWS, kept(of_seconds(told), most), 5)

    for ours, theirs in zip(coarse, exact, strict=True):
        assert ours.verdict in {theirs.verdict, NO_DATA}, ours.text


@settings(deadline=None)
@given(TOLD, st.integers(2, 12))
def test_over_the_whole_run_coarse_intervals_say_what_seconds_say(told, most):
    exact = judged(WHOLE, kept(of_seconds(told), 1000), 5)
    coarse = judged(WHOLE, kept(of_seconds(told), most), 5)

    assert [(each.verdict, each.value) for each in coarse] == [(each.verdict, each.value) for each in exact]


@settings(deadline=None)
@given(TOLD, st.integers(2, 12))
def test_what_follows_a_run_while_it_goes_on_judges_every_second_however_it_is_kept(told, most):
    watch = Watch(WINDOWS, {}, float(len(told)))
    for each in of_seconds(told):
        watch.told(each)

    assert judged(WINDOWS, kept(of_seconds(told), most), 5, watch) == judged(WINDOWS, kept(of_seconds(told), 1000), 5)


def test_a_window_that_was_broken_in_joined_seconds_has_failed_and_one_that_was_not_is_no_data():
    calm, busy = [second(index + 1.0, [0.1] * 4) for index in range(64)], [0.9] * 4
    burst = [replace(second(each.at_seconds, busy)) if 16 < each.at_seconds <= 20 else each for each in calm]
    gate = gates({"http_req_duration": {"threshold": "p(95)<500", "over": "4s"}})

    (steady,), (broken,) = (judged(gate, kept(each, 20), 5) for each in (calm, burst))

    assert (broken.verdict, broken.first_failed_seconds) == (FAILED, 20.0)
    assert steady.verdict is NO_DATA
    assert steady.why == (
        "the run is kept in intervals of up to 4 s, too coarse for a window of 4 s; it is judged while the run goes on"
    )


@pytest.mark.parametrize(("reached", "verdict"), [(True, PASSED), (False, NO_DATA)])
def test_a_peak_that_joined_seconds_show_was_reached_and_one_that_they_do_not_show_may_have_been(reached, verdict):
    rates = [6 if reached and 8 < index <= 24 else 2 for index in range(1, 65)]
    run = kept([second(index + 1.0, [0.1] * rate) for index, rate in enumerate(rates)], 40)
    gate = replace(gates({"http_reqs": "peak>=6"})[0], over_seconds=8.0)

    assert judged((gate,), run, 5)[0].verdict is verdict


def test_a_second_longer_than_its_window_is_judged_as_it_is():
    told = [second(1.0, [0.1]), second(5.0, [0.9, 0.9]), second(6.0, [0.1])]
    (gate,) = gates({"http_req_duration": {"threshold": "max<0.5 s", "over": "1s"}})

    (found,) = judged((gate,), run_of(told), 5)

    assert (found.verdict, found.first_failed_seconds) == (FAILED, 5.0)


def test_following_a_run_holds_on_to_no_more_of_it_the_longer_it_lasts():
    watch = Watch((*WINDOWS, *WHOLE), {}, 4000.0)

    def held_after(seconds):
        for number in seconds:
            # Ever slower: no least and no greatest is ever beaten by a later one, and each second has its own buckets.
            watch.told(second(float(number), [number / 1000] * 3, failed=1, in_flight=2))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = held_after(range(1, 1001)), held_after(range(1001, 4001))
    finally:
        tracemalloc.stop()

    assert late < early + 100_000


def test_a_proof_takes_the_goals_that_were_followed_while_the_run_went_on():
    told = [second(float(number), [0.1] * 4) for number in range(1, 65)]
    goals = gates({"http_req_duration": {"threshold": "p(95)<500", "over": "4s"}})
    followed = Watch(goals, {}, 64.0)
    for each in told:
        followed.told(each)
    run = kept(told, 20)

    afterwards = scenario_proof(run, goals, 5)
    live = scenario_proof(replace(run, goals=judged(goals, run, 5, followed)), goals, 5)

    assert [each.verdict for each in afterwards.goals] == [NO_DATA]
    assert [each.verdict for each in live.goals] == [PASSED]
