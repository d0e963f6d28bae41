"""What each process of a load test counted, and how the counts of several become one.

A shard is one process's share of a run. Counts, sums and buckets add up exactly, so that what is said of the whole is
the same whether one process sent the load or ten.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import reduce
from math import ceil, inf
from typing import Any, Final, TypeVar, cast

from pydantic import TypeAdapter

from outgrow.facts.buckets import NOTHING, Buckets, together
from outgrow.facts.loads import LoadSecond, Outcome

Fact = TypeVar("Fact")

_LATENESS_OF_A_SECOND: Final = 0.25
"""How late a second may be told and still count as itself, so that a rest that ends a run stands for itself."""


@dataclass(frozen=True, slots=True)
class StepCounts:
    """What one step's arrivals met, in a form that adds up; see `outgrow.facts.loads.StepLoad`."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict[Outcome, int])
    statuses: Mapping[int, int] = field(default_factory=dict[int, int])
    response: Buckets = NOTHING
    service: Buckets = NOTHING
    waiting: Buckets = NOTHING
    checks: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    bytes_sent: int = 0
    bytes_received: int = 0
    trends: Mapping[str, Buckets] = field(default_factory=dict[str, Buckets])


@dataclass(frozen=True, slots=True)
class FlowCounts:
    """What became of the arrivals of one flow, in a form that adds up; see `outgrow.facts.loads.FlowLoad`."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict[Outcome, int])
    duration: Buckets = NOTHING


@dataclass(frozen=True, slots=True)
class ShardFacts:
    """What one process counted of its share, number `index` of `of`.

    `steps` and `flows` stand in the order of the scenario's; flows are empty counts where only steps are. `lateness` is
    over all arrivals that were released, `late` or not. `lost` says why the process did not live to tell; what it had
    told by then still counts.
    """

    index: int
    of: int
    seconds: float
    cpu_seconds: float
    interrupted: bool
    steps: tuple[StepCounts, ...]
    flows: tuple[FlowCounts, ...]
    timeline: tuple[LoadSecond, ...]
    lateness: Buckets = NOTHING
    late: int = 0
    connections_highest: int = 0
    connections_opened: int = 0
    retried: int = 0
    notes: tuple[str, ...] = ()
    lost: str = ""

    @property
    def cpu_share(self) -> float:
        """The processor time over the run, of one core."""
        return self.cpu_seconds / max(self.seconds, 1e-9)


def added(first: Fact, second: Fact) -> Fact:
    """Add two counts of the same kind, part by part: numbers, buckets, and mappings, rows and facts of them.

    Raises:
        TypeError: they hold something that does not add up, a name for instance.
    """
    return cast("Fact", _sum(first, second))


def _sum(ours: Any, theirs: Any) -> Any:
    match ours:
        case Buckets():
            return together((ours, theirs))
        case Mapping():
            first, second = cast("Mapping[Any, Any]", ours), cast("Mapping[Any, Any]", theirs)
            joined = {key: _sum(value, second[key]) if key in second else value for key, value in first.items()}
            return {**second, **joined}
        case tuple():
            rows = zip(cast("tuple[Any, ...]", ours), cast("tuple[Any, ...]", theirs), strict=True)
            return tuple(_sum(first, second) for first, second in rows)
        case int() | float():
            return ours + theirs
        case _ if is_dataclass(ours) and not isinstance(ours, type):
            parts = {each.name: _sum(getattr(ours, each.name), getattr(theirs, each.name)) for each in fields(ours)}
            return replace(ours, **parts)
        case _:
            raise TypeError(f"{type(ours).__name__} does not add up")


def added_all(counts: Iterable[StepCounts]) -> StepCounts:
    """Add the counts of any number of steps."""
    return reduce(added, counts, StepCounts())


def added_flows(counts: Iterable[FlowCounts]) -> FlowCounts:
    """Add the counts of any number of flows."""
    return reduce(added, counts, FlowCounts())


def second_of(second: LoadSecond) -> int:
    """Give which second of the run, from 1, was told; the rest at the end of a run counts as one."""
    return max(1, ceil(second.at_seconds - _LATENESS_OF_A_SECOND))


def merged_second(parts: Iterable[LoadSecond]) -> LoadSecond:
    """Make one second of what several processes told of it; `cpu_share` is that of the busiest.

    Raises:
        ValueError: there are no parts.
    """
    found = list(parts)
    if not found:
        raise ValueError("a second that nobody told of cannot be merged")
    bare = [replace(each, p50_seconds=0, p95_seconds=0, greatest_seconds=0) for each in found]
    whole = reduce(added, bare)
    response = together(step.response for step in whole.steps.values())
    return replace(
        whole,
        at_seconds=max(each.at_seconds for each in found),
        cpu_share=max(each.cpu_share for each in found),
        p50_seconds=response.quantile(0.5),
        p95_seconds=response.quantile(0.95),
        greatest_seconds=response.quantile(1),
    )


def merged_timeline(shards: Iterable[ShardFacts]) -> tuple[LoadSecond, ...]:
    """Put the seconds of several processes together, second by second."""
    told: dict[int, list[LoadSecond]] = {}
    for shard in shards:
        for second in shard.timeline:
            told.setdefault(second_of(second), []).append(second)
    return tuple(merged_second(told[index]) for index in sorted(told))


_SHARD: Final = TypeAdapter(ShardFacts)
_SECOND: Final = TypeAdapter(LoadSecond)


def shard_text(shard: ShardFacts) -> str:
    """Write a shard as one line of JSON; what is infinite in it (the least of nothing) becomes null."""
    return _SHARD.dump_json(shard).decode()


def shard_from(text: str) -> ShardFacts:
    """Read what `shard_text` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _SHARD.validate_python(json.loads(text, object_hook=_with_infinity))


def second_text(second: LoadSecond) -> str:
    """Write a second as one line of JSON."""
    return _SECOND.dump_json(second).decode()


def second_from(text: str) -> LoadSecond:
    """Read what `second_text` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _SECOND.validate_python(json.loads(text, object_hook=_with_infinity))


def _with_infinity(found: dict[str, Any]) -> dict[str, Any]:
    if "least_seconds" in found and found["least_seconds"] is None:
        found["least_seconds"] = inf
    return found
