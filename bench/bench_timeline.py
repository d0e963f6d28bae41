"""How long does a backtest think? 30 days judged every minute: the follower beside judging anew at every instant.

    .venv/bin/python bench/bench_timeline.py [--days 30] [--checkpoints 5] [--judged 200]

Each checkpoint has four conditions: one sustained with a leaving threshold, one sustained, one that looks at the
latest value, one `m_of_n`; each on a signal of its own, one sample a minute, one in a hundred missing. `judge` is timed
at some instants of the same span and multiplied; what it is handed each time is the look-back that it needs.
"""

import argparse
import math
import random
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from outgrow.decide.checkpoints import Case, SeriesBySignal, case_of, history_needed, judge
from outgrow.decide.timeline import timeline
from outgrow.facts.samples import Measured, Sample
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqlQuery

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOOK_BACK = 24 * 60


def samples(minutes: int, rng: random.Random) -> tuple[Measured, ...]:
    """Make a daily cycle with noise, from a day before the start on."""
    return tuple(
        Measured(START + minute * MINUTE, 100 + 50 * math.sin(math.tau * minute / 1440) + rng.gauss(0, 2), START)
        for minute in range(-LOOK_BACK, minutes)
        if rng.random() > 0.01
    )


def case(number: int, signals: dict[str, QuerySignal]) -> Case:
    conditions = [
        {"above": 130, "for": "30m", "clears_below": 110},
        {"above": 120, "for": "1h"},
        {"above": 120},
        {"at_least": 130, "m_of_n": "3 of 4"},
    ]
    named = {letter: {"signal": f"s{number}-{letter}", **each} for letter, each in zip("ABCD", conditions, strict=True)}
    for each in named.values():
        signals[str(each["signal"])] = QuerySignal.model_validate({"source": "db", "read": SqlQuery(query="SELECT 1")})
    verdicts = {
        "monitor": {"all": ["D"], "review": "7d"},
        "recommended": {"all": ["A", "B"], "due": "14d"},
        "required": {"all": ["A", "B", "C"], "due": "now"},
        "urgent": {"all": ["A", "B", "D"], "due": "7d"},
        "emergency": {"all": ["A", "B", "C", "D"]},
    }
    return case_of(f"c{number}", Checkpoint.model_validate({"conditions": named, "verdicts": verdicts}), signals)


def between(samples: Sequence[Sample], start: datetime, end: datetime) -> Sequence[Sample]:
    return samples[bisect_left(samples, start, key=_moment) : bisect_right(samples, end, key=_moment)]


def _moment(sample: Sample) -> datetime:
    return sample.at


def seconds_of_judging(
    cases: list[Case], signals: dict[str, QuerySignal], series: SeriesBySignal, instants: list[datetime]
) -> float:
    """Time `judge` at instants, each handed no more than its look-back."""
    began = time.perf_counter()
    for each in cases:
        needed = history_needed(each, signals)
        for instant in instants:
            recent = {name: {(): between(series[name][()], instant - span, instant)} for name, span in needed.items()}
            judge(each, recent, instant)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--checkpoints", type=int, default=5)
    parser.add_argument("--judged", type=int, default=200, help="instants at which judge is timed")
    arguments = parser.parse_args()
    rng = random.Random(1)
    signals: dict[str, QuerySignal] = {}
    cases = [case(number, signals) for number in range(arguments.checkpoints)]
    minutes = arguments.days * 1440 + 1
    series = {name: {(): samples(minutes, rng)} for name in signals}
    instants = [START + minute * MINUTE for minute in range(minutes)]

    began = time.perf_counter()
    changes = sum(1 for each in cases for _ in timeline(each, series, instants))
    followed = time.perf_counter() - began
    some = instants[:: max(1, minutes // arguments.judged)]
    judged = seconds_of_judging(cases, signals, series, some) / len(some) * minutes

    table = Table(title=f"{len(cases)} checkpoints x 4 conditions, {minutes:,} instants, {changes:,} changes")
    table.add_column("way")
    table.add_column("seconds", justify="right")
    table.add_column("per instant and checkpoint", justify="right")
    for name, seconds in (("timeline", followed), (f"judge at every instant (from {len(some)})", judged)):
        table.add_row(name, f"{seconds:,.1f}", f"{seconds / minutes / len(cases) * 1e6:,.1f} us")
    Console().print(table)


if __name__ == "__main__":
    main()
