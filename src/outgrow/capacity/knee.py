"""The knee: the highest rate, or the most users, at which a target keeps its objective, found with few held ones.

Steps grow by a factor until a rate breaks the objective, then the gap between the highest kept and the lowest broken
rate is halved (geometrically) until it is small. The rate found is held once more: a lucky hold is not a capacity.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from outgrow.capacity.usl import NotFitted, Point, ScalingLaw, fit_scaling_law
from outgrow.errors import UsageError
from outgrow.facts.knees import KneeLevel

_FINEST: Final = 0.001
CARRIED_SHARE: Final = 0.95
"""A target that answers less of what is asked has a queue that grows, whatever its latencies are by then."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What must be kept: response times in seconds from when arrivals were due, and the share that may fail."""

    p50_seconds: float | None = None
    p95_seconds: float | None = None
    p99_seconds: float | None = None
    failed_share: float = 0.01

    def broken_by(self, level: KneeLevel) -> tuple[str, ...]:
        """Say which limits a level does not keep, in words; empty where all are kept."""
        found: list[str] = []
        if not level.by_users and level.carried < CARRIED_SHARE * level.rate:
            found.append(f"{level.carried:,.1f} of {level.rate:,.1f}/s carried")
        if level.failed_share > self.failed_share:
            found.append(f"{level.failed_share:.2%} failed, {self.failed_share:.2%} allowed")
        for name in ("p50", "p95", "p99"):
            limit: float | None = getattr(self, f"{name}_seconds")
            value: float | None = getattr(level, f"{name}_seconds")
            if limit is not None and (value is None or value > limit):
                shown = "no answers" if value is None else f"{value * 1000:,.0f} ms"
                found.append(f"{name} {shown}, {limit * 1000:,.0f} ms allowed")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Search:
    """Where the knee is looked for: rates in arrivals a second, or, with `by_users`, whole numbers of users.

    `factor` is from one step to the next, `resolution` how near, as a share, kept and broken rates come at the end;
    at most `most_levels` rates are held.
    """

    lowest: float
    highest: float
    factor: float = 1.6
    resolution: float = 0.05
    most_levels: int = 20
    by_users: bool = False

    def __post_init__(self) -> None:
        """Refuse a search that cannot end.

        Raises:
            UsageError: rates, factor or resolution do not fit together.
        """
        if not 0 < self.lowest <= self.highest < math.inf:
            of = " users: numbers" if self.by_users else "/s: rates"
            raise UsageError(f"from {self.lowest:g} to {self.highest:g}{of} must rise from above 0")
        if self.by_users and not (float(self.lowest).is_integer() and float(self.highest).is_integer()):
            raise UsageError(f"from {self.lowest:g} to {self.highest:g} users: users are whole, at least 1")
        if not 1 < self.factor < math.inf:
            raise UsageError(f"a factor of {self.factor:g}: each step must be above the one before, such as 1.6")
        if not _FINEST <= self.resolution < 1:
            raise UsageError(f"a resolution of {self.resolution:.3%}: write 0.1 % to below 100 %")


def next_rate(search: Search, levels: Sequence[KneeLevel]) -> float | None:
    """Give the rate, or the number of users, to hold next; none when nothing more is to be learnt.

    Args:
        search: where to look.
        levels: what was held so far, in order.
    """
    if not levels:
        return search.lowest
    if len(levels) >= search.most_levels:
        return None
    kept, broken = bracket(levels)
    if kept is None:
        return None  # the lowest rate asked for breaks the objective: lower ones were not asked for
    if broken is None:
        if kept >= search.highest:
            return None if _confirmed(levels, kept) else kept
        return min(max(_asked(search, kept * search.factor), kept + search.by_users), search.highest)
    if broken > max(kept * (1 + search.resolution), kept + search.by_users):
        return _asked(search, math.sqrt(kept * broken))
    return None if _confirmed(levels, kept) else kept


def _asked(search: Search, wanted: float) -> float:
    return float(math.ceil(wanted)) if search.by_users else wanted


def bracket(levels: Sequence[KneeLevel]) -> tuple[float | None, float | None]:
    """Give the highest kept rate below every broken one, and the lowest broken rate; none where there is none."""
    broken = min((level.rate for level in levels if not level.kept), default=None)
    kept = max((level.rate for level in levels if level.kept and (broken is None or level.rate < broken)), default=None)
    return kept, broken


def _confirmed(levels: Sequence[KneeLevel], rate: float) -> bool:
    return sum(level.rate == rate for level in levels) > 1


class Ending(StrEnum):
    """Why a search ended."""

    FOUND = "found"
    """The highest kept and the lowest broken rate are as near as was asked, or as many rates were held as may be."""
    NONE_KEPT = "none kept"
    NONE_BROKEN = "none broken"
    NO_RECOVERY = "no recovery"
    TOO_WEAK = "too weak"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Knee:
    """What the search found; of a search by users rates are numbers of users.

    `rate` is the highest rate that keeps the objective, none where even the lowest breaks it; `broken` the lowest that
    does not, none where none was met: then the target carries more than was asked. `confirmed` says whether `rate`
    was kept twice. `law` is fitted to throughput over concurrency of all levels. `ending` says why the search ended,
    `why` words it where that limits the finding.
    """

    levels: tuple[KneeLevel, ...]
    rate: float | None
    broken: float | None
    confirmed: bool
    law: ScalingLaw | NotFitted
    why: str = ""
    ending: Ending = Ending.FOUND

    @property
    def at_least(self) -> bool:
        """Whether the target may carry more than `rate`: nothing above it was tried, or not near enough."""
        return self.rate is not None and self.ending is not Ending.FOUND

    @property
    def carried(self) -> float | None:
        """What was carried at the knee, in arrivals a second: the rate itself, or what its users got answered."""
        held = [level for level in self.levels if level.rate == self.rate and level.kept]
        return min((level.carried if level.by_users else level.rate for level in held), default=None)


def knee_of(levels: Sequence[KneeLevel], stopped: str = "", early: Ending | None = None) -> Knee:
    """Sum a search up.

    Args:
        levels: what was held, in order; may be empty.
        stopped: why the search ended early, in words; empty where it came to its end.
        early: which early end that was; none where it came to its end.
    """
    kept, broken = bracket(levels)
    by_users = any(level.by_users for level in levels)
    why, ending = stopped, early or Ending.FOUND
    if early is None and kept is None:
        ending = Ending.NONE_KEPT
        why = "even the lowest rate breaks the objective; begin lower"
        if by_users:
            why = "even the fewest users break the objective; begin with fewer"
        if levels and not any(level.carried for level in levels):
            why = "nothing was answered as expected; is the target up?"
    elif early is None and broken is None:
        ending = Ending.NONE_BROKEN
        why = "no rate that was asked breaks the objective: the target carries more than that"
        if by_users:
            why = "no number of users that was asked breaks the objective: the target carries more of them"
    measured = [Point(level.concurrency, level.carried) for level in levels if level.concurrency >= 1 and level.carried]
    # In the order of N: the search goes up and down, but every level begins on a target that has recovered.
    points = sorted(measured, key=lambda point: point.n)
    confirmed = kept is not None and _confirmed(levels, kept)
    return Knee(tuple(levels), kept, broken, confirmed, fit_scaling_law(points), why, ending)
