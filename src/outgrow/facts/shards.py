"""What each process of a load test counted, and how the counts of several become one.

A shard is one process's share of a run. Counts, sums and buckets add up exactly, so that what is said of the whole is
the same whether one process sent the load or ten.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from math import inf
from typing import Any, Final

from pydantic import TypeAdapter

from outgrow.facts.buckets import NOTHING, Buckets
from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.sums import added
from outgrow.facts.timelines import SECONDS_KEPT, brief, in_layout, layout_of, second_of, summed


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
    told by then still counts. `stopped_at_seconds` is when it was ended early, none where it was not.
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
    stopped_at_seconds: float | None = None

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
    return replace(
        summed(found),
        at_seconds=max(each.at_seconds for each in found),
        in_flight=sum(each.in_flight for each in found),
        vus=sum(each.vus for each in found),
        connections=sum(each.connections for each in found),
        cpu_share=max(each.cpu_share for each in found),
        in_flight_highest=sum(each.in_flight_highest for each in found),
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
    return _SHARD.dump_json(replace(shard, timeline=tuple(map(brief, shard.timeline)))).decode()


def shard_from(text: str) -> ShardFacts:
    """Read what `shard_text` wrote.

    Raises:
        ValueError: it is something else.
    """
    return shard_of(read_json(text))


def shard_of(data: Any) -> ShardFacts:
    """Give the shard that stands in what `read_json` read.

    Raises:
        ValueError: it is something else.
    """
    return _SHARD.validate_python(data)


def second_text(second: LoadSecond) -> str:
    """Write a second as one line of JSON."""
    return _SECOND.dump_json(brief(second)).decode()


def second_from(text: str) -> LoadSecond:
    """Read what `second_text` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _SECOND.validate_python(read_json(text))


def read_json(text: str) -> Any:
    """Read JSON, and each second in it at once: those of a long run would take many times the room as plain data.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(text, object_hook=_read_early)


def _read_early(found: dict[str, Any]) -> Any:
    if "least_seconds" in found and found["least_seconds"] is None:
        found["least_seconds"] = inf
    if "at_seconds" in found and "in_flight" in found:
        with suppress(ValueError):  # steps may be called so; what is wrong is told with its place later
            return _SECOND.validate_python(found)
    return found
