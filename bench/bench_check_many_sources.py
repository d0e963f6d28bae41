"""A thousand SQL signals over twenty sources: is the wall time near the slowest source's, and memory flat?

Starts one PostgreSQL, makes twenty databases on it (twenty sources with two connections each), and gives every signal
a query that takes 20 ms in the server, in one source 40 ms. The peer is the same plan asked one signal after the other
over kept connections, as a script with a loop does.

    .venv/bin/python bench/bench_check_many_sources.py [--signals 1000] [--sources 20] [--rounds 5]
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg
import yaml
from rich.console import Console
from rich.table import Table

from outgrow.api import check_plan
from outgrow.plan import Plan
from outgrow.plan.file import parse_plan
from tests.servers.postgres import start_postgres

QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.04


def plan_of(urls: list[str], signals: int) -> Plan:
    """Make the plan: the signals are dealt out to the sources, the last source's take twice as long."""
    each = signals // len(urls)
    seconds = [QUICK_SECONDS] * (len(urls) - 1) + [SLOW_SECONDS]
    text = {
        "outgrow": 1,
        "name": "many",
        "sources": {f"db{i}": {"kind": "postgres", "url": url} for i, url in enumerate(urls)},
        "signals": {
            f"s{i}-{n}": {
                "source": f"db{i}",
                "query": f"SELECT {n}::float8 AS value FROM pg_sleep({seconds[i]})",
            }
            for i in range(len(urls))
            for n in range(each)
        },
    }
    return parse_plan(yaml.safe_dump(text, sort_keys=False), "many.yaml").plan


async def one_after_the_other(plan: Plan) -> float:
    """Ask every signal in turn over kept connections; give the seconds."""
    kept = {name: await asyncpg.connect(getattr(source, "url", "")) for name, source in plan.sources.items()}
    began = time.perf_counter()
    for signal in plan.signals.values():
        await kept[getattr(signal, "source", "")].fetchrow(getattr(getattr(signal, "read", None), "query", ""))
    took = time.perf_counter() - began
    for connection in kept.values():
        await connection.close()
    return took


def main() -> None:
    """Run the rounds and print the table."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--signals", type=int, default=1000)
    words.add_argument("--sources", type=int, default=20)
    words.add_argument("--rounds", type=int, default=5)
    asked = words.parse_args()
    server = start_postgres("max_connections=200")
    try:
        urls = [server.create_database(f"bench_{i}") for i in range(asked.sources)]
        report(plan_of(urls, asked.signals), asked.sources, asked.rounds)
    finally:
        server.stop()


def report(plan: Plan, sources: int, rounds: int) -> None:
    """Measure both ways in turn and print what came out."""
    each = len(plan.signals) // sources
    ours, loops, memory, slowest = [], [], [], []
    for number in range(rounds):
        began = time.perf_counter()
        facts = asyncio.run(check_plan(plan, base=Path(), environment={}, journal=False))
        ours.append(time.perf_counter() - began)
        slowest.append(max(source.took.total_seconds() for source in facts.measurement.sources.values()))
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        failed = [failure for source in facts.measurement.sources.values() for failure in source.failures]
        if failed:
            sys.exit(f"a source failed: {failed[0]}")
        if number < 2:
            loops.append(asyncio.run(one_after_the_other(plan)))
    floor = SLOW_SECONDS * each / 2
    table = Table(title=f"{len(plan.signals)} SQL signals over {sources} sources, {rounds} rounds, medians")
    for name in ("", "seconds", "times the slowest source"):
        table.add_column(name, justify="left" if not name else "right")
    base = statistics.median(slowest)
    rows = (
        ("server time of the slowest source, two connections (computed)", floor),
        ("slowest source as measured", base),
        ("outgrow check, whole", statistics.median(ours)),
        ("one after the other, kept connections", statistics.median(loops)),
    )
    for name, seconds in rows:
        table.add_row(name, f"{seconds:.2f}", f"{seconds / base:.2f}")
    shown = Console(width=120)
    shown.print(table)
    shown.print(f"peak memory after round 1: {memory[0]:.0f} MB, after round {rounds}: {memory[-1]:.0f} MB")


if __name__ == "__main__":
    main()
