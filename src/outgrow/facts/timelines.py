"""A run's seconds in bounded memory: the longer it lasts, the longer are the intervals that it is kept in.

Up to `SECONDS_KEPT` seconds are kept as they were told. Of a longer run two neighbouring intervals become one for each
that is added, from the run's beginning on; when all of them are joined, it begins anew with twice their length. So the
last part of a run is always the finest, at most two lengths stand beside each other, and no more than `SECONDS_KEPT`
are kept. Which seconds are together follows from the run's length alone: processes that count by themselves agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby, pairwise
from math import ceil
from typing import Final, TypeVar

from outgrow.facts.buckets import Buckets, together
from outgrow.facts.loads import FlowSecond, LoadSecond, StepSecond
from outgrow.facts.sums import added

SECONDS_KEPT: Final = 7_500
"""Two hours, and what a graceful end adds to them."""
_LATENESS_OF_A_SECOND: Final = 0.25
"""How late a second may be told and still count as itself, so that a rest that ends a run stands for itself."""
Key = TypeVar("Key", int, str)


def second_of(second: LoadSecond) -> int:
    """Give which second of the run, from 1, was told; the rest at the end of a run counts as one."""
    return max(1, ceil(second.at_seconds - _LATENESS_OF_A_SECOND))


@dataclass(frozen=True, slots=True)
class Layout:
    """Which seconds of a run are kept together: always `step` of them, up to second `coarse_until` twice as many."""

    step: int = 1
    coarse_until: int = 0

    def end_of(self, number: int) -> int:
        """Give the last second of the interval that a second lies in."""
        length = 2 * self.step if number <= self.coarse_until else self.step
        return -(-number // length) * length


def layout_of(seconds: int, most: int = SECONDS_KEPT) -> Layout:
    """Say how a run of so many seconds is kept in at most `most` intervals that are full."""
    step = 1
    while seconds >= 2 * most * step:
        step *= 2
    return Layout(step, 2 * step * max(0, seconds // step - most))


def common_step(joined_seconds: Iterable[int]) -> int:
    """Give the step of a layout that intervals of so many seconds each fit into, of one run or of several."""
    return 1 << (max(joined_seconds, default=1) - 1).bit_length()


def in_layout(intervals: Iterable[LoadSecond], layout: Layout) -> list[LoadSecond]:
    """Join intervals as a layout has them, one that is coarser than they are."""
    found = groupby(intervals, key=lambda each: layout.end_of(second_of(each)))
    return [joined(list(parts)) for _, parts in found]


def joined(parts: Sequence[LoadSecond]) -> LoadSecond:
    """Make one interval of neighbouring ones, in time order: counts and times add up, what is under way is the last's.

    Raises:
        ValueError: there are no parts.
    """
    if not parts:
        raise ValueError("an interval of no seconds cannot be made")
    if len(parts) == 1:
        return parts[0]
    length = sum(each.length_seconds for each in parts)
    # The rest at the end of a run may count as its last second, which is no coarser for that.
    others = [each for before, each in pairwise(parts) if second_of(each) != second_of(before)]
    return replace(
        summed(parts),
        cpu_share=sum(each.cpu_share * each.length_seconds for each in parts) / max(length, 1e-9),
        in_flight_highest=max(max(each.in_flight_highest, each.in_flight) for each in parts),
        length_seconds=length,
        seconds_joined=sum(each.seconds_joined for each in (parts[0], *others)),
        cpu_share_highest=max(max(each.cpu_share_highest, each.cpu_share) for each in parts),
    )


def summed(parts: Sequence[LoadSecond]) -> LoadSecond:
    """Give the last of some seconds with what all of them counted, step by step, and the percentiles of all."""
    steps = {name: _joined_step(found) for name, found in _by_name([each.steps for each in parts]).items()}
    response = together(step.response for step in steps.values())
    return replace(
        parts[-1],
        due=sum(each.due for each in parts),
        started=sum(each.started for each in parts),
        done=sum(each.done for each in parts),
        failed=sum(each.failed for each in parts),
        dropped=sum(each.dropped for each in parts),
        p50_seconds=response.quantile(0.5),
        p95_seconds=response.quantile(0.95),
        greatest_seconds=response.quantile(1),
        steps=steps,
        flows={name: reduce(added, found) for name, found in _by_name([each.flows for each in parts]).items()},
    )


def brief(second: LoadSecond) -> LoadSecond:
    """Leave out what a second says twice: of a step whose answers are all of one kind, `response` holds that kind."""
    steps = {
        name: replace(step, expected={}, unexpected={}) if len(step.expected) + len(step.unexpected) == 1 else step
        for name, step in second.steps.items()
    }
    return replace(second, steps=steps)


Part = TypeVar("Part", StepSecond, FlowSecond)


def _by_name(parts: Iterable[Mapping[str, Part]]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in parts:
        for name, each in part.items():
            found.setdefault(name, []).append(each)
    return found


def _joined_step(parts: Sequence[StepSecond]) -> StepSecond:
    """Add a step's seconds up; answers stay told apart where they are in all of them."""
    if len(parts) == 1:
        return parts[0]
    kinds = [each.answers for each in parts]
    is_told_apart = all(kind or not each.response.counts for kind, each in zip(kinds, parts, strict=True))
    expected, unexpected = (
        _together_by_key(
            (status, times) for kind in kinds for status, is_good, times in kind if is_told_apart and is_good is side
        )
        for side in (True, False)
    )
    every = [*expected.values(), *unexpected.values()]
    return StepSecond(
        reduce(added, (each.outcomes for each in parts)),
        reduce(added, (each.statuses for each in parts)),
        # The same object where there is one kind: a run keeps thousands.
        every[0] if len(every) == 1 else together(each.response for each in parts),
        reduce(added, (each.checks for each in parts)),
        sum(each.bytes_sent for each in parts),
        sum(each.bytes_received for each in parts),
        together(each.service for each in parts),
        together(each.waiting for each in parts),
        _together_by_key(pair for each in parts for pair in each.trends.items()),
        expected,
        unexpected,
    )


def _together_by_key(pairs: Iterable[tuple[Key, Buckets]]) -> dict[Key, Buckets]:
    found: dict[Key, list[Buckets]] = {}
    for key, times in pairs:
        found.setdefault(key, []).append(times)
    return {key: times[0] if len(times) == 1 else together(times) for key, times in found.items()}
