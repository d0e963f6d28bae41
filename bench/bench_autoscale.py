"""What do policies cost and leave unserved on recorded traffic, beside oracles that know the future?

    python bench/bench_autoscale.py DIRECTORY [--only nasa] [--days 60] [--start-up 300] [--replicas 10] [--curve]
        [--total] [--markdown]

DIRECTORY holds recorded traffic (gzip CSV `seconds,requests`). For every trace the 99.9th percentile of its rate is
made 40 replicas; the metric is the rate of each ready replica, one interval old (with --total the rate in all, aimed
at a replica); tolerance 10 %, scale-down window 300 s, everything else as an HPA with a `behavior` has it by default;
one decision an interval. Traces of intervals above a minute are drawn along straight lines, a minute at a time. Beside
the HPA stand what KEDA makes of the rate in all (an HPA without `behavior` on an external metric, 70 % a replica) and
the predictive policy as it is by default.

Columns: U = share of the demand left unserved, tU = share of time with too few replicas, C = replicas ready over
replicas needed, regret = C over that of the feasible oracle, which serves everything and lets a replica go when it has
not been needed for 300 s. The first part of each trace is warm-up: 8 days where there are more than 12, else 2. At the
end stands whether the predictive policy reaches what is asked of it on each trace.
"""

import argparse
import gzip
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from outgrow.control.tuning import tune
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.predictive import PredictivePolicy
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.candidates import candidates
from outgrow.simulate.fast import rehearse_fast
from outgrow.simulate.oracle import budget, feasible
from outgrow.simulate.recording import trace_from
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.rehearse import rehearse
from outgrow.simulate.score import Score, score
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace
from outgrow.simulate.tune import Goal

CAPACITY = 1000.0
PEAK_REPLICAS = 40
TARGETS = (85, 70, 50)
FINEST = 60
CURVE = tuple(range(40, 100, 5))
DAY = 86_400
LONG = 12 * DAY
START_UPS = (60, 180)
BUDGETS = (0.0001, 0.001)
SEARCHED = 1000
KEDA = "KEDA-like 70 %"
PREDICTIVE = "predictive"
console = Console(width=140)


def read(path: Path, days: int | None = None, replicas: int = PEAK_REPLICAS) -> Trace:
    """Read (the first days of) a trace and scale it so that its 99.9th percentile is the work of so many replicas."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        trace = trace_from(lines, path.name)
    if days is not None:
        trace = trace.part(0, min(days * DAY, trace.seconds))
    if path.name.startswith("nasa"):
        # Below one request a second on average: a minute's count is mostly chance.
        trace = trace.smoothed(5)
    if trace.interval_seconds > FINEST:
        trace = trace.drawn_finer(FINEST)
    peak = float(np.percentile(trace.rates, 99.9))
    return trace.times(replicas * CAPACITY / peak)


def hpa(percent: int, kind: str = "pods") -> HpaPolicy:
    metric = {"kind": kind, "name": "requests", "average": CAPACITY * percent / 100}
    return HpaPolicy.model_validate({"min": 1, "max": 10_000, "behavior": {}, "metrics": [metric]})


@dataclass(frozen=True)
class Measured:
    """One policy on one trace; `regret` is the cost over that of the feasible oracle."""

    trace: str
    start_up: int
    policy: str
    score: Score
    regret: float

    def cells(self) -> tuple[str, ...]:
        """Give the columns of a table."""
        found = self.score
        return (
            self.policy,
            f"{found.unserved:.3%}",
            f"{found.time_under:.2%}",
            f"{found.cost_ratio:.3f}",
            f"{self.regret:.3f}",
            f"{found.actions_a_day:.0f}",
        )


def keda(percent: int) -> HpaPolicy:
    metric = {"kind": "external", "name": "requests", "average": CAPACITY * percent / 100}
    return HpaPolicy.model_validate({"min": 1, "max": 10_000, "metrics": [metric]})


def measured(name: str, trace: Trace, start_up: int, targets: tuple[int, ...], kind: str) -> Iterator[Measured]:
    """Rehearse every policy, then the oracles."""
    step = trace.interval_seconds
    service = ServiceModel(CAPACITY, start_up, step, step)
    warm_up = (8 if trace.seconds > LONG else 2) * DAY
    oracle = score(feasible(hpa(100), service, trace), warm_up)
    plain = [(f"HPA {percent} %", hpa(percent, kind)) for percent in targets] + [(KEDA, keda(70))]
    runs = [(each, rehearse_fast(policy, service, trace)) for each, policy in plain]
    runs.append((PREDICTIVE, rehearse(PredictivePolicy(min=1, max=10_000), service, trace)))
    for each, timeline in runs:
        found = score(timeline, warm_up)
        yield Measured(name, start_up, each, found, found.regret(oracle))
    yield Measured(name, start_up, "feasible oracle", oracle, 1.0)
    left = score(runs[-1][1], warm_up).unserved
    for allowed, said in (*((each, f"U <= {each:.2%}") for each in BUDGETS), (left, "U of predictive")):
        found = score(budget(hpa(100), service, trace, allowed, warm_up_seconds=warm_up).timeline, warm_up)
        yield Measured(name, start_up, f"budget oracle, {said}", found, found.regret(oracle))


def show(rows: list[Measured], step: int) -> None:
    title = f"{rows[0].trace}, start-up {rows[0].start_up} s, step {step} s"
    table = Table("policy", "U", "tU", "C", "regret", "actions/day", title=title)
    for each in rows:
        table.add_row(*each.cells())
    console.print(table)


# --- what is asked of the predictive policy ---


def smooth(mine: Measured, _: Measured) -> bool:
    return mine.regret <= 1.10 and mine.score.unserved <= 0.0002


def bursts_by_day(mine: Measured, other: Measured) -> bool:
    return mine.regret <= 1.20 and mine.score.unserved <= other.score.unserved


def sudden(mine: Measured, other: Measured) -> bool:
    return mine.score.unserved <= other.score.unserved / 2 and mine.regret <= other.regret


def no_worse(mine: Measured, other: Measured) -> bool:
    return mine.score.unserved <= other.score.unserved and mine.regret <= other.regret


GOALS: dict[str, tuple[str, Callable[[Measured, Measured], bool]]] = {
    "appserver": ("regret <= 1.10, U <= 0.02 %", smooth),
    "servegen": ("regret <= 1.10, U <= 0.02 %", smooth),
    "nasa": ("regret <= 1.20, U <= HPA 70 %", bursts_by_day),
    "worldcup": ("regret <= 1.20, U <= HPA 70 %", bursts_by_day),
    "twitter": ("U <= half of HPA 70 %, regret <= HPA 70 %", sudden),
    "aws_elb": ("U and regret <= HPA 70 %", no_worse),
}


def judge(rows: list[Measured]) -> None:
    """Say for every trace whether the predictive policy reaches its goal."""
    table = Table("trace", "start-up", "U", "regret", "HPA 70 % U", "regret", "goal", "reached", title="Predictive")
    found = {(each.trace, each.start_up, each.policy): each for each in rows}
    for (trace, start_up, policy), mine in found.items():
        other = found.get((trace, start_up, "HPA 70 %"))
        goal = next((GOALS[each] for each in GOALS if trace.startswith(each)), None)
        if policy != PREDICTIVE or other is None or goal is None:
            continue
        figures = [
            f"{mine.score.unserved:.3%}",
            f"{mine.regret:.3f}",
            f"{other.score.unserved:.3%}",
            f"{other.regret:.3f}",
        ]
        table.add_row(trace, f"{start_up} s", *figures, goal[0], "yes" if goal[1](mine, other) else "no")
    console.print(table)


def markdown(rows: list[Measured]) -> None:
    """Print everything as one table of a page."""
    print("| trace | start-up | policy | U | tU | C | regret | actions/day |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for each in rows:
        print(f"| {' | '.join((each.trace, f'{each.start_up} s', *each.cells()))} |")


def wave(days: int) -> Trace:
    """Make up a daily wave with noise, at 15 s."""
    count = days * DAY // 15
    noise = np.random.default_rng(1).normal(1, 0.1, count)
    rates = 20_000 * (1.2 + np.sin(np.arange(count) * 2 * np.pi * 15 / DAY)) * np.clip(noise, 0.2, None)
    return Trace(15, tuple(rates.tolist()))


def cpu_seconds() -> float:
    """Give what this process and those that it started and saw end have computed."""
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def speed(processes: int = 2) -> None:
    """Time decisions at 15 s: one policy over 30 days, and a search of 1,000 over 7 days."""
    service = ServiceModel(CAPACITY, 60)
    month, week, day = wave(30), wave(7), wave(1)
    setting = Setting(service, week, Terms())
    searched = candidates(hpa(100), service, thorough=True)[:SEARCHED]
    ways: list[tuple[str, int, Callable[[], object]]] = [
        ("plain, every decision explained: 1 policy, 1 day", len(day.rates), lambda: rehearse(hpa(70), service, day)),
        ("fast: 1 policy, 30 days", len(month.rates), lambda: rehearse_fast(hpa(70), service, month)),
        (
            f"together: {len(searched):,} policies, 7 days, {processes} processes",
            len(searched) * len(week.rates),
            lambda: tune(searched, Goal(0.001), setting, DAY, processes),
        ),
    ]
    table = Table(
        "way", *("decisions", "CPU s", "wall s", "decisions/CPU s", "x plain"), title="HPA, a decision every 15 s"
    )
    plain = 0.0
    for name, decisions, go in ways:
        cpu, began = cpu_seconds(), time.perf_counter()
        go()
        wall, cpu = time.perf_counter() - began, cpu_seconds() - cpu
        plain = plain or decisions / cpu
        figures = (
            f"{decisions:,}",
            f"{cpu:.2f}",
            f"{wall:.2f}",
            f"{decisions / cpu:,.0f}",
            f"{decisions / cpu / plain:,.1f}",
        )
        table.add_row(name, *figures)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="traces whose name contains this")
    parser.add_argument("--days", type=int, help="only the first days of every trace")
    parser.add_argument("--start-up", type=int, action="append", help="seconds; again for more; 60 and 180 without it")
    parser.add_argument("--replicas", type=int, default=PEAK_REPLICAS, help="what the 99.9th percentile asks for")
    parser.add_argument("--curve", action="store_true", help="HPA targets of 40 to 95 %% instead of three")
    parser.add_argument("--total", action="store_true", help="aim at the rate in all, not at that of ready replicas")
    parser.add_argument("--markdown", action="store_true", help="print all rows once more, as a table of a page")
    given = parser.parse_args()
    rows: list[Measured] = []
    paths = sorted(given.directory.glob("*.csv.gz")) if given.directory is not None else []
    for path in paths:
        if given.only not in path.name:
            continue
        trace = read(path, given.days, given.replicas)
        for start_up in given.start_up or START_UPS:
            targets = CURVE if given.curve else TARGETS
            kind = "external" if given.total else "pods"
            found = list(measured(path.name.removesuffix(".csv.gz"), trace, start_up, targets, kind))
            show(found, trace.interval_seconds)
            rows += found
    if rows:
        judge(rows)
    if given.markdown:
        markdown(rows)
    if given.only:
        return
    speed()


if __name__ == "__main__":
    main()
