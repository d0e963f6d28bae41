"""What several processes counted adds up to what one would have counted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.buckets import Buckets, bucket_of, together
from outgrow.facts.loads import LoadSecond, Outcome, StepSecond
from outgrow.facts.shards import (
    FlowCounts,
    ShardFacts,
    StepCounts,
    added,
    merged_second,
    merged_timeline,
    second_from,
    second_of,
    second_text,
    shard_from,
    shard_text,
)

DURATIONS = st.lists(st.floats(1e-6, 1e3), max_size=60)


def buckets(durations):
    counts: dict[int, int] = {}
    for each in durations:
        counts[bucket_of(each)] = counts.get(bucket_of(each), 0) + 1
    return Buckets(counts, sum(durations), min(durations, default=float("inf")), max(durations, default=0.0))


def second(at, durations, *, due=10, cpu=0.2, step="one"):
    response = buckets(durations)
    done = {Outcome.DONE: response.count}
    return LoadSecond(
        at, due, due, response.count, 0, 0, 3, 2, cpu, None, None, None,
        {step: StepSecond(done, {200: response.count}, response)},
    )  # fmt: skip


@given(DURATIONS, DURATIONS, st.floats(0, 1))
def test_merged_quantiles_are_those_of_all_the_data_within_a_hundredth(first, second, share):
    merged = together((buckets(first), buckets(second)))
    everything = sorted([*first, *second])

    found = merged.quantile(share)

    if not everything:
        assert found is None
    else:
        exact = everything[max(0, -int(-share * len(everything) // 1) - 1)]
        assert found == pytest.approx(exact, rel=0.0101)
        assert merged.counts == buckets(everything).counts


@given(st.lists(DURATIONS, min_size=1, max_size=4))
def test_a_merged_second_counts_everything_and_takes_the_busiest_processor(parts):
    told = [second(1 + index / 100, durations, cpu=index / 10) for index, durations in enumerate(parts)]

    merged = merged_second(told)

    everything = [each for durations in parts for each in durations]
    assert merged.due == 10 * len(parts)
    assert merged.done == len(everything)
    assert merged.in_flight == 3 * len(parts)
    assert merged.cpu_share == max(each.cpu_share for each in told)
    assert merged.greatest_seconds == max(everything, default=None)
    assert merged.steps["one"].response.counts == buckets(everything).counts


def test_seconds_meet_by_their_number_and_the_rest_stands_for_itself():
    shards = [
        ShardFacts(0, 2, 2.4, 1, False, (), (), (second(1.01, [0.1]), second(2.2, [0.2]), second(2.4, [0.3]))),
        ShardFacts(1, 2, 1.0, 1, False, (), (), (second(1.0, [0.4], step="other"),)),
    ]

    merged = merged_timeline(shards)

    assert [each.done for each in merged] == [2, 1, 1]
    assert set(merged[0].steps) == {"one", "other"}
    assert [second_of(each) for each in merged] == [1, 2, 3]


def test_a_second_that_nobody_told_of_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        merged_second([])


@given(DURATIONS, st.text(max_size=20))
def test_shards_and_seconds_come_back_from_their_text_as_they_were(durations, lost):
    counts = StepCounts({Outcome.DONE: 3, Outcome.LOST: 1}, {200: 3}, buckets(durations), trends={"t": buckets([])})
    shard = ShardFacts(
        1, 3, 2.5, 0.5, False, (counts,), (FlowCounts({Outcome.DONE: 2}),), (second(1.0, durations),), lost=lost
    )

    assert shard_from(shard_text(shard)) == shard
    assert second_from(second_text(shard.timeline[0])) == shard.timeline[0]
    assert "\n" not in shard_text(shard)
    assert "Infinity" not in shard_text(shard)


def test_counts_add_up_in_any_order_and_what_does_not_add_up_is_refused():
    first = StepCounts({Outcome.DONE: 3}, {200: 3}, buckets([0.5]))
    other = StepCounts({Outcome.DONE: 1, Outcome.REFUSED: 2}, {500: 1}, buckets([0.25]))

    assert added(first, other) == added(other, first)
    assert added(first, other).outcomes == {Outcome.DONE: 4, Outcome.REFUSED: 2}
    with pytest.raises(TypeError, match="str does not add up"):
        added({"name": "a"}, {"name": "b"})


def test_steps_that_are_called_like_parts_of_a_second_are_read_all_the_same():
    response = buckets([0.5])
    step = StepSecond({Outcome.DONE: 1}, {200: 1}, response, expected={200: response})
    told = replace(second(1.0, []), steps={"at_seconds": step, "in_flight": step})

    read = second_from(second_text(told))

    assert set(read.steps) == {"at_seconds", "in_flight"}
    assert read.steps["in_flight"].answers == ((200, True, response),)


def test_what_one_process_leaves_out_because_it_has_but_one_kind_of_answer_counts_beside_the_kinds_of_another():
    fine, bad = buckets([0.5]), buckets([2.0])
    one_kind = StepSecond({Outcome.DONE: 1}, {200: 1}, fine, expected={200: fine})
    both = StepSecond(
        {Outcome.DONE: 1, Outcome.UNEXPECTED: 1}, {200: 1, 503: 1}, together((fine, bad)),
        expected={200: fine}, unexpected={503: bad},
    )  # fmt: skip
    told = [second_from(second_text(replace(second(1.0, []), steps={"one": step}))) for step in (one_kind, both)]

    answers = merged_second(told).steps["one"].answers

    assert [(status, is_good, times.count) for status, is_good, times in answers] == [(200, True, 2), (503, False, 1)]
