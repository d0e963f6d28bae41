"""A run's seconds drawn together into columns, few enough to be drawn: counts add up, percentiles are of all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from outgrow.facts.buckets import Buckets, together
from outgrow.facts.loads import FAILURES, LoadFacts, LoadSecond, Outcome
from outgrow.report.columns import column_width

COLUMNS: Final = 240


@dataclass(frozen=True, slots=True)
class LoadColumn:
    """What happened in some seconds; `at` is their middle in seconds from the run's start, rates are per second.

    `trends` are over all steps, and `seconds` says how long the column is.
    """

    at: float
    due: float
    started: float
    done: float
    failed: float
    dropped: float
    cpu_share: float
    response: Buckets
    outcomes: dict[Outcome, float]
    statuses: dict[int, float]
    trends: dict[str, Buckets]
    seconds: float


def columns_of(facts: LoadFacts, most: int = COLUMNS) -> list[LoadColumn]:
    """Give a run in at most so many columns, in time order."""
    width = column_width(0.0, facts.seconds, most)
    # A second that is told a little late still belongs to itself; the rest at the end of a run stands for itself.
    # Joined seconds belong where the middle of them does.
    cells = groupby(
        facts.timeline, key=lambda each: int(max(each.at_seconds - each.seconds_joined / 2 - 0.25, 0.0) // width)
    )
    return [_column(list(seconds), cell * width, width) for cell, seconds in cells]


def _column(seconds: Sequence[LoadSecond], start: float, width: float) -> LoadColumn:
    lasted = max(min(width, seconds[-1].at_seconds - start), 1e-3)
    lasted = max(lasted, 1.0) if len(seconds) == 1 else lasted
    if any(second.seconds_joined > 1 for second in seconds):  # which end where the column does only by chance
        start = seconds[0].at_seconds - seconds[0].length_seconds
        lasted = max(seconds[-1].at_seconds - start, 1e-3)
    steps = [step for second in seconds for step in second.steps.values()]
    outcomes: Counter[Outcome] = Counter()
    statuses: Counter[int] = Counter()
    for step in steps:
        outcomes.update({outcome: count for outcome, count in step.outcomes.items() if outcome in FAILURES})
        statuses.update(step.statuses)
    return LoadColumn(
        at=start + lasted / 2,
        due=sum(second.due for second in seconds) / lasted,
        started=sum(second.started for second in seconds) / lasted,
        done=sum(second.done for second in seconds) / lasted,
        failed=sum(second.failed for second in seconds) / lasted,
        dropped=sum(second.dropped for second in seconds) / lasted,
        cpu_share=max(max(second.cpu_share, second.cpu_share_highest) for second in seconds),
        response=together(step.response for step in steps),
        outcomes={outcome: count / lasted for outcome, count in outcomes.items()},
        statuses={status: count / lasted for status, count in statuses.items()},
        trends={
            name: together(step.trends[name] for step in steps if name in step.trends)
            for name in dict.fromkeys(name for step in steps for name in step.trends)
        },
        seconds=lasted,
    )
