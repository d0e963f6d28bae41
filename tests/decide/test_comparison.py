"""Two load tests compared: what changed is found, what only scatters is not, and what cannot be told is said."""

from dataclasses import replace

import numpy as np
import pytest

from outgrow.decide.comparison import Margins, compared
from outgrow.facts.comparisons import Change, LoadComparison
from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.timeline import Timeline
from tests.report.load_facts import a_run


def compare(a: LoadFacts | list[LoadFacts], b: LoadFacts | list[LoadFacts], **options) -> LoadComparison:
    sides = [each if isinstance(each, list) else [each] for each in (a, b)]
    return compared(sides[0], sides[1], np.random.default_rng(1), **options)


def verdict(found: LoadComparison, step: str, measure: str) -> Change:
    return next(m.verdict for s in found.steps if s.name == step for m in s.measures if m.name == measure)


def test_a_run_that_is_a_fifth_slower_is_found_in_every_step():
    found = compare(a_run(180), a_run(180, seed=2, slower=1.2))

    assert [step.name for step in found.steps] == ["all", "read", "write"]
    assert {verdict(found, step.name, "p95") for step in found.steps} == {Change.SLOWER}
    change = found.steps[0].measures[1]
    assert change.low is not None
    assert change.high is not None
    assert change.low < 0.2 < change.high


def test_the_other_way_round_it_is_faster_by_the_same_factor():
    slower, faster = (
        compare(a, b).steps[0].measures[1]
        for a, b in ((a_run(180), a_run(180, seed=2, slower=1.2)), (a_run(180, seed=2, slower=1.2), a_run(180)))
    )

    assert slower.change is not None
    assert faster.change is not None
    assert (1 + slower.change) * (1 + faster.change) == pytest.approx(1)
    assert faster.verdict is Change.FASTER


def test_runs_without_a_change_are_seldom_taken_for_one():
    cries = [
        any(each not in {Change.NONE, Change.TOO_SHORT} for each in compare(a, b).verdicts)
        for seed in range(0, 40, 2)
        for a, b in [(a_run(60, 20, seed=seed), a_run(60, 20, seed=seed + 1))]
    ]

    assert sum(cries) <= 3


def test_a_run_held_against_itself_shows_no_difference_at_all():
    found = compare(a_run(240, seed=5), a_run(240, seed=5))

    assert {measure.change for step in found.steps for measure in step.measures} == {0}
    assert not {Change.SLOWER, Change.FASTER} & set(found.verdicts)


def test_more_errors_are_found_and_told_apart_from_times():
    found = compare(a_run(120), a_run(120, seed=2, failing=0.03))

    assert verdict(found, "all", "errors") is Change.MORE_ERRORS
    assert verdict(compare(a_run(120, failing=0.03), a_run(120)), "all", "errors") is Change.FEWER_ERRORS


def test_one_failure_among_thousands_is_no_change():
    b = a_run(120, seed=2)
    first = b.timeline[0]
    read = replace(first.steps["read"], outcomes={Outcome.DONE: 69, Outcome.UNEXPECTED: 1})
    b = replace(b, timeline=(replace(first, steps={**first.steps, "read": read}), *b.timeline[1:]))

    assert verdict(compare(a_run(120), b), "all", "errors") is Change.NONE


def test_a_short_run_is_too_short_whatever_it_shows():
    found = compare(a_run(12), a_run(12, seed=2, slower=3))

    assert set(found.verdicts) == {Change.TOO_SHORT}
    assert "12 s" in found.steps[0].measures[0].why


def test_shares_of_errors_differ_by_no_more_than_all_however_short_the_runs():
    found = compare(a_run(6, 4, failing=0.9), a_run(6, 4))

    errors = found.steps[0].measures[-1]
    assert errors.low == -1
    assert errors.high is not None
    assert errors.high <= 1


def test_a_change_far_beyond_the_scatter_is_told_of_runs_too_short_for_smaller_ones():
    # given a level that drifts for tens of seconds
    before = a_run(180, wanders=0.99)
    ten_times, half_more = (compare(before, a_run(180, seed=2, wanders=0.99, slower=by)) for by in (10, 1.5))

    assert verdict(ten_times, "all", "p50") is Change.SLOWER
    assert verdict(half_more, "all", "p50") is Change.TOO_SHORT
    assert "hang together" in half_more.steps[0].measures[0].why


def test_a_percentile_that_rests_on_single_answers_is_too_short():
    found = compare(a_run(60, 10), a_run(60, 10, seed=2, slower=3))

    assert verdict(found, "write", "p99") is Change.TOO_SHORT
    assert verdict(found, "all", "p50") is Change.SLOWER


def test_a_smaller_margin_asks_for_more_before_no_difference_is_said():
    runs = a_run(240, seed=5), a_run(240, seed=5)

    assert verdict(compare(*runs), "all", "p50") is Change.NONE
    assert verdict(compare(*runs, margins=Margins(times=0.01)), "all", "p50") is Change.TOO_SHORT


def test_what_runs_differ_by_from_one_to_the_next_is_no_change():
    a = [a_run(120, seed=seed, slower=level) for seed, level in ((1, 1.0), (2, 1.3), (3, 0.8))]
    b = [a_run(120, seed=seed, slower=level) for seed, level in ((4, 1.2), (5, 0.85), (6, 1.25))]

    assert Change.SLOWER not in compare(a, b).verdicts
    assert compare(a, b).a.runs == 3


def test_several_runs_of_a_side_find_what_all_of_them_show():
    a = [a_run(90, seed=seed) for seed in (1, 2, 3)]
    b = [a_run(90, seed=seed, slower=1.3) for seed in (4, 5, 6)]

    assert verdict(compare(a, b), "all", "p95") is Change.SLOWER


def test_the_beginning_can_be_left_out():
    slow_start = a_run(180, seed=2)
    slow = a_run(180, seed=2, slower=5)
    timeline = (*slow.timeline[:60], *slow_start.timeline[60:])
    b = replace(slow_start, timeline=timeline)

    assert Change.SLOWER not in compare(a_run(180), b, skip_seconds=60).verdicts
    assert compare(a_run(180), b, skip_seconds=60).a.seconds == 120
    assert "nothing is left" in compare(a_run(30), a_run(30), skip_seconds=60).doubts[0]


@pytest.mark.parametrize(
    ("b", "told"),
    [
        (a_run(60, scenario="night"), "the scenarios differ: peak, night"),
        (replace(a_run(60), target="http://127.0.0.1:9"), "the targets differ"),
        (replace(a_run(60), machine="another"), "the machines differ: unknown, another"),
        (a_run(60, 120), "the rates differ: from 100.0 to 120.0"),
        (a_run(90), "the lengths differ: from 60 to 90 s"),
        (a_run(60, too_weak=("late",)), "B: the generator was too weak"),
        (replace(a_run(60), interrupted=True), "B: the run was ended early"),
    ],
)
def test_runs_that_are_not_comparable_are_warned_of(b, told):
    assert any(told in doubt for doubt in compare(a_run(60), b).doubts)


def test_steps_that_only_one_side_has_are_left_out_and_said():
    b = a_run(60)
    b = replace(b, steps=b.steps[:1])

    found = compare(a_run(60), b)

    assert [step.name for step in found.steps] == ["all", "read"]
    assert any("the steps differ: write" in doubt for doubt in found.doubts)


def test_a_side_that_nobody_answered_has_nothing_to_measure():
    b = a_run(60)
    empty = [replace(second, steps={}) for second in b.timeline]

    found = compare(a_run(60), replace(b, timeline=tuple(empty)))

    assert set(found.verdicts) == {Change.TOO_SHORT}
    assert found.steps[0].measures[0].b is None


def test_a_comparison_needs_a_run_on_each_side():
    with pytest.raises(ValueError, match="each side"):
        compared([], [a_run(20)], np.random.default_rng(1))


def kept(facts: LoadFacts, most: int) -> LoadFacts:
    timeline = Timeline(most)
    for each in facts.timeline:
        timeline.add(each)
    return replace(facts, timeline=timeline.intervals)


def test_long_runs_whose_seconds_are_joined_show_the_change_that_their_seconds_show():
    a, b = a_run(600), a_run(600, seed=2, slower=1.5, failing=0.05)

    exact, found = compare(a, b), compare(kept(a, 100), kept(b, 150))

    assert found.verdicts == exact.verdicts
    assert Change.SLOWER in found.verdicts
    for ours, theirs in zip(found.steps, exact.steps, strict=True):
        assert [each.change for each in ours.measures] == pytest.approx([each.change for each in theirs.measures])
        assert ours.a_rate == pytest.approx(theirs.a_rate)
    assert (found.a.seconds, found.b.seconds) == (600, 600)
    assert found.a.block_seconds % 8 == 0
    assert not found.doubts


def test_of_joined_seconds_too_the_beginning_can_be_left_out_and_a_cut_off_end_is():
    a, b = kept(a_run(605), 100), kept(a_run(605, seed=2), 100)

    found = compare(a, b, skip_seconds=9)

    assert found.a.seconds == 600 - 16


def test_joined_intervals_that_are_too_few_are_said_to_be():
    found = compare(kept(a_run(600), 8), kept(a_run(600, seed=2), 8))

    assert set(found.verdicts) == {Change.TOO_SHORT}
    assert found.steps[0].measures[0].why == "a run has only 512 s, and 2560 are needed"
