"""What each process of a load test counted, and how the counts of several become one.

A shard is one process's share of a run. Counts, sums and buckets add up exactly, so that what is said of the whole is
the same whether one process sent the load or ten.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from math import inf
from typing import Any, Final

from pydantic import TypeAdapter

from outgrow.facts.buckets import NOTHING, Buckets, together
from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.sums import added
from outgrow.facts.timelines import SECONDS_KEPT, in_layout, layout_of, second_of


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


def added_all(counts: Iterable[StepCounts]) -> StepCounts:
    """Add the counts of any number of steps."""
    return reduce(added, counts, StepCounts())


def added_flows(counts: Iterable[FlowCounts]) -> FlowCounts:
    """Add the counts of any number of flows."""
    return reduce(added, counts, FlowCounts())


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
        length_seconds=max(each.length_seconds for each in found),
        seconds_joined=max(each.seconds_joined for each in found),
        cpu_share_highest=max(each.cpu_share_highest for each in found),
    )


def merged_timeline(shards: Iterable[ShardFacts], most: int = SECONDS_KEPT) -> tuple[LoadSecond, ...]:
    """Put the seconds of several processes together, second by second; all laid out as the longest of them is.

    Args:
        shards: what each process counted.
        most: in how many intervals a run is kept.
    """
    timelines = [shard.timeline for shard in shards]
    layout = layout_of(max((second_of(each[-1]) for each in timelines if each), default=0), most)
    told: dict[int, list[LoadSecond]] = {}
    for timeline in timelines:
        for interval in in_layout(timeline, layout):
            told.setdefault(layout.end_of(second_of(interval)), []).append(interval)
    return tuple(merged_second(told[end]) for end in sorted(told))


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
