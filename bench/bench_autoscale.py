"""What does an HPA cost and leave unserved on recorded traffic, beside an oracle that knows the future?

    python bench/bench_autoscale.py DIRECTORY [--only nasa] [--curve] [--total]

DIRECTORY holds recorded traffic (gzip CSV `seconds,requests`). For every trace the 99.9th percentile of its rate is
made 40 replicas; the metric is the rate of each ready replica, one interval old (with --total the rate in all, aimed
at a replica); tolerance 10 %, scale-down window 300 s, everything else as an HPA with a `behavior` has it by default;
one decision an interval. Traces of intervals above a minute are drawn along straight lines, a minute at a time.

Columns: U = share of the demand left unserved, tU = share of time with too few replicas, C = replicas ready over
replicas needed, regret = C over that of the feasible oracle, which serves everything and lets a replica go when it has
not been needed for 300 s. The first part of each trace is warm-up: 8 days where there are more than 12, else 2.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from outgrow.control.tuning import tune
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.fast import rehearse_fast
from outgrow.simulate.oracle import budget, feasible
from outgrow.simulate.recording import trace_from
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.rehearse import rehearse
from outgrow.simulate.score import Score, score
from outgrow.simulate.service import ServiceModel
from outgrow.simulate.trace import Trace
from outgrow.simulate.tune import Goal, candidates

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
console = Console(width=120)


def read(path: Path) -> Trace:
    """Read a trace and scale it so that its 99.9th percentile is the work of 40 replicas."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        trace = trace_from(lines, path.name)
    if path.name.startswith("nasa"):
        # Below one request a second on average: a minute's count is mostly chance.
        trace = trace.smoothed(5)
    if trace.interval_seconds > FINEST:
        trace = trace.drawn_finer(FINEST)
    peak = float(np.percentile(trace.rates, 99.9))
    return trace.times(PEAK_REPLICAS * CAPACITY / peak)


def hpa(percent: int, kind: str = "pods") -> HpaPolicy:
    metric = {"kind": kind, "name": "requests", "average": CAPACITY * percent / 100}
    return HpaPolicy.model_validate({"min": 1, "max": 10_000, "behavior": {}, "metrics": [metric]})


def row(table: Table, name: str, found: Score, oracle: Score) -> None:
    table.add_row(
        name,
        f"{found.unserved:.2%}",
        f"{found.time_under:.2%}",
        f"{found.cost_ratio:.2f}",
        f"{found.regret(oracle):.2f}",
        f"{found.actions_a_day:.0f}",
    )


def compare(name: str, trace: Trace, start_up: int, targets: tuple[int, ...], kind: str) -> None:
    step = trace.interval_seconds
    service = ServiceModel(CAPACITY, start_up, step, step)
    warm_up = (8 if trace.seconds > LONG else 2) * DAY
    table = Table(
        "policy", "U", "tU", "C", "regret", "actions/day", title=f"{name}, start-up {start_up} s, step {step} s"
    )
    oracle = score(feasible(hpa(100), service, trace), warm_up)
    for percent in targets:
        row(table, f"HPA {percent} %", score(rehearse_fast(hpa(percent, kind), service, trace), warm_up), oracle)
    row(table, "feasible oracle", oracle, oracle)
    for allowed in BUDGETS:
        found = budget(hpa(100), service, trace, allowed, warm_up_seconds=warm_up)
        row(table, f"budget oracle, U <= {allowed:.2%}", score(found.timeline, warm_up), oracle)
    console.print(table)


def speed() -> None:
    """Time 30 days at 15 s: 172,800 decisions of one policy, on a made-up daily wave with noise."""
    count = 30 * DAY // 15
    noise = np.random.default_rng(1).normal(1, 0.1, count)
    wave = 20_000 * (1.2 + np.sin(np.arange(count) * 2 * np.pi * 15 / DAY)) * np.clip(noise, 0.2, None)
    trace = Trace(15, tuple(wave.tolist()))
    service = ServiceModel(CAPACITY, 60)
    table = Table("way", "decisions", "seconds", title="One HPA policy, 15 s steps")
    short = Trace(15, trace.rates[: count // 30])
    for name, run, traffic in (("fast", rehearse_fast, trace), ("plain, every decision explained", rehearse, short)):
        began = time.perf_counter()
        run(hpa(70), service, traffic)
        table.add_row(name, f"{len(traffic.rates):,}", f"{time.perf_counter() - began:.2f}")
    console.print(table)


def search_speed(processes: int = 2) -> None:
    """Time 1,000 policies over 7 days at 15 s, in as many processes as there are here."""
    count = 7 * DAY // 15
    noise = np.random.default_rng(1).normal(1, 0.1, count)
    wave = 20_000 * (1.2 + np.sin(np.arange(count) * 2 * np.pi * 15 / DAY)) * np.clip(noise, 0.2, None)
    setting = Setting(ServiceModel(CAPACITY, 60), Trace(15, tuple(wave.tolist())), Terms())
    wanted = candidates(hpa(100), setting.service, thorough=True)[:SEARCHED]
    began = time.perf_counter()
    tune(wanted, Goal(0.001), setting, DAY, processes)
    console.print(
        f"{len(wanted):,} policies over 7 days at 15 s, {processes} processes: {time.perf_counter() - began:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="traces whose name contains this")
    parser.add_argument("--curve", action="store_true", help="HPA targets of 40 to 95 %% instead of three")
    parser.add_argument("--total", action="store_true", help="aim at the rate in all, not at that of ready replicas")
    given = parser.parse_args()
    if given.directory is not None:
        for path in sorted(given.directory.glob("*.csv.gz")):
            if given.only in path.name:
                trace = read(path)
                for start_up in START_UPS:
                    targets = CURVE if given.curve else TARGETS
                    kind = "external" if given.total else "pods"
                    compare(path.name.removesuffix(".csv.gz"), trace, start_up, targets, kind)
    speed()
    search_speed()


if __name__ == "__main__":
    main()
