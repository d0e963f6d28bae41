"""A long run's seconds are kept in bounded memory: nothing is lost of them but when exactly it was."""

import gc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.buckets import NOTHING, Buckets, Counts, bucket_of, together
from outgrow.facts.loads import LoadSecond, Outcome, StepSecond
from outgrow.facts.shards import ShardFacts, merged_second, merged_timeline
from outgrow.facts.timelines import SECONDS_KEPT, Layout, in_layout, joined, layout_of, second_of
from outgrow.loadtest.timeline import Timeline


def buckets(durations):
    return Buckets(Counter(map(bucket_of, durations)), sum(durations), min(durations), max(durations))


def second(number, durations=(), *, bad=(), cpu=0.25, due=4, in_flight=2):
    """Give a second of one step: what was as expected, and what came with 503."""
    every = [*durations, *bad]
    step = StepSecond(
        {Outcome.DONE: len(durations)} | ({Outcome.UNEXPECTED: len(bad)} if bad else {}),
        {200: len(durations)} | ({503: len(bad)} if bad else {}),
        buckets(every) if every else NOTHING,
        {"fine": (len(durations), len(bad))},
        10,
        20,
        service=buckets(durations) if durations else NOTHING,
        waiting=buckets(bad) if bad else NOTHING,
        trends={"tokens": buckets(durations)} if durations else {},
        expected={200: buckets(durations)} if durations else {},
        unexpected={503: buckets(bad)} if bad else {},
    )
    return LoadSecond(
        float(number), due, due, len(durations), len(bad), 0, in_flight, 1, cpu, None, None, None,
        {"one": step} if every else {}, in_flight_highest=in_flight + 1, cpu_share_highest=cpu,
    )  # fmt: skip


# Eighths add up exactly, in any order.
TIMES = st.lists(st.sampled_from([0.125, 0.25, 1.5, 8.0]), max_size=3)
SECONDS = st.lists(st.tuples(TIMES, TIMES, st.booleans()), min_size=1, max_size=120)


def run_of(told):
    """Give seconds; where the third says so, the machine stood still and the second was never told."""
    found = [second(index + 1, good, bad=bad) for index, (good, bad, is_told) in enumerate(told) if is_told]
    return found or [second(1)]


def kept(seconds, most):
    timeline = Timeline(most)
    for each in seconds:
        timeline.add(each)
    return timeline.intervals


def sums(intervals):
    """Give what may not change, however a run is kept."""
    steps = [each.steps["one"] for each in intervals if each.steps]
    answers = [(status, good, times) for step in steps for status, good, times in step.answers]
    kinds = {key: together(t for *k, t in answers if tuple(k) == key) for key in {(s, g) for s, g, _ in answers}}
    return (
        [sum(getattr(each, name) for each in intervals) for name in ("due", "started", "done", "failed", "dropped")],
        together(step.response for step in steps),
        kinds,
        *(together(getattr(step, name) for step in steps) for name in ("service", "waiting")),
        together(times for step in steps for times in step.trends.values()),
        sum((Counter(step.outcomes) for step in steps), Counter()),
        sum((Counter(step.statuses) for step in steps), Counter()),
        [sum(step.checks["fine"][side] for step in steps) for side in (0, 1)],
        sum(step.bytes_received for step in steps),
        sum(each.length_seconds for each in intervals),
        sum(each.seconds_joined for each in intervals),
        max(each.in_flight_highest for each in intervals),
    )


@given(SECONDS, st.integers(1, 12))
def test_what_a_kept_run_adds_up_to_is_what_its_seconds_do(told, most):
    seconds = run_of(told)

    assert sums(kept(seconds, most)) == sums(seconds)


@given(SECONDS, st.integers(1, 12))
def test_a_run_is_kept_in_no_more_intervals_than_it_may_and_its_last_part_is_the_finest(told, most):
    intervals = kept(run_of(told), most)

    assert len(intervals) <= most + 2
    layout = layout_of(second_of(intervals[-1]), most)
    assert intervals == tuple(in_layout(intervals, layout))
    assert all(each.seconds_joined <= layout.step for each in intervals if second_of(each) > layout.coarse_until)
    assert all(each.seconds_joined <= 2 * layout.step for each in intervals)


@given(SECONDS, SECONDS, st.integers(1, 12))
def test_shards_that_were_kept_apart_merge_into_what_was_kept_of_all_together(first, other, most):
    shards = [run_of(first), run_of(other)]
    told = {number: [each for shard in shards for each in shard if second_of(each) == number] for number in range(121)}
    together_kept = kept([merged_second(parts) for parts in told.values() if parts], most)

    merged = merged_timeline(
        [ShardFacts(index, 2, 1, 1, False, (), (), kept(each, most)) for index, each in enumerate(shards)], most
    )

    assert [second_of(each) for each in merged] == [second_of(each) for each in together_kept]
    for ours, theirs in zip(merged, together_kept, strict=True):
        assert ours.steps == theirs.steps
        assert (ours.due, ours.done, ours.failed) == (theirs.due, theirs.done, theirs.failed)
        assert (ours.p50_seconds, ours.greatest_seconds) == (theirs.p50_seconds, theirs.greatest_seconds)


@given(st.integers(0, 10**7), st.integers(1, 9000))
def test_a_layout_has_room_for_its_run_and_only_ever_becomes_coarser(seconds, most):
    layout, later = layout_of(seconds, most), layout_of(seconds + 1, most)

    assert layout.coarse_until <= seconds
    assert layout.coarse_until / (2 * layout.step) + (seconds - layout.coarse_until) / layout.step <= most + 1
    assert all(later.end_of(number) == later.end_of(layout.end_of(number)) for number in range(1, min(seconds, 50)))
    assert later.end_of(max(seconds, 1)) >= seconds


def test_a_run_of_two_hours_keeps_its_seconds_as_they_were_told():
    told = [second(number) for number in range(1, 7201)]

    assert kept(told, SECONDS_KEPT) == tuple(told)
    assert layout_of(7200 + 300) == Layout()
    assert layout_of(7200 + 301) == Layout(1, 2)


def test_a_run_of_a_day_ends_in_seconds_by_eights():
    layout = layout_of(86_400)

    assert (layout.step, layout.coarse_until) == (8, 2 * 8 * (10_800 - 7_500))


def test_a_rest_that_ends_a_run_joins_its_last_second_and_makes_it_no_coarser():
    last, rest = second(2, [0.25]), second(2.2, [0.5])

    (first, found) = kept([second(1), last, rest], 10)

    assert (first.seconds_joined, found.seconds_joined) == (1, 1)
    assert (found.at_seconds, found.done, found.length_seconds) == (2.2, 2, 2.0)


def test_processor_time_is_weighted_by_length_and_the_busiest_second_is_kept():
    found = joined([joined([second(1, cpu=0.0), second(2, cpu=0.3)]), second(3, cpu=0.6)])

    assert found.cpu_share == pytest.approx(0.3)
    assert found.cpu_share_highest == 0.6
    assert (found.seconds_joined, found.length_seconds, found.in_flight) == (3, 3.0, 2)


def test_answers_that_one_second_does_not_tell_apart_are_not_told_apart_in_all():
    unknown = StepSecond({Outcome.DONE: 1, Outcome.UNEXPECTED: 1}, {200: 1, 503: 1}, buckets([0.25, 0.5]))
    known = second(2, [0.25], bad=[0.5])

    found = joined([LoadSecond(1.0, 2, 2, 1, 1, 0, 0, 1, 0.1, None, None, None, {"one": unknown}), known])

    assert found.steps["one"].answers == ()
    assert found.steps["one"].response.count == 4


def test_an_interval_of_no_seconds_is_refused():
    with pytest.raises(ValueError, match="no seconds"):
        joined([])


@given(st.dictionaries(st.integers(0, 40_000), st.integers(1, 2**40), max_size=30))
def test_packed_counts_are_read_as_they_were_given(counts):
    found = Counts(counts)

    assert found == counts
    assert (len(found), dict(found), list(found), sum(found.values())) == (
        len(counts), counts, sorted(counts), sum(counts.values()),
    )  # fmt: skip
    assert all(found[bucket] == count for bucket, count in counts.items())
    assert -1 not in found


def test_what_is_no_bucket_is_refused():
    with pytest.raises(ValueError, match="no counts by bucket"):
        Counts({70_000: 1})
    with pytest.raises(ValueError, match="no counts by bucket"):
        Counts({1: -1})


def test_the_seconds_that_are_kept_are_no_work_for_the_garbage_collector():
    timeline = Timeline(3000)

    def objects_after(numbers):
        for number in numbers:
            timeline.add(second(number, [0.25], bad=[0.5]))
        gc.collect()
        return len(gc.get_objects())

    early, late = objects_after(range(1, 101)), objects_after(range(101, 2001))

    assert len(timeline.intervals) == 2000
    assert late < early + 200
