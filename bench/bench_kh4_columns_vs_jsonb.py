"""KH-4's promise on trial: is v_evaluation_stats ten times faster by columns than by parsing JSONB?

    python bench/bench_kh4_columns_vs_jsonb.py [--events 1_000_000] [--text-bytes 250] [--runs 7]

The same facts lie in two tables of an embedded PostgreSQL; the same question is asked of both, over all 90 days and
over the last week, with the indexes that each way of storing can have. The answers are compared before the times are.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples" / "korean-together"))

from koto.servers import servers  # noqa: E402 (found by the line above)

PROMISED = 10.0
PERIODS = {
    "all 90 days": datetime(2026, 1, 1),  # noqa: DTZ001 (a column without zone)
    "the last 7 days": datetime(2026, 3, 25),  # noqa: DTZ001
}
CPU_SECONDS = 0.5  # at least so much is measured: the kernel counts in hundredths of a second


@dataclass(frozen=True)
class Cost:
    """What a question costs: seconds of the server's CPU (mean), and of waiting (every run)."""

    cpu_seconds: float
    wall_seconds: Sequence[float]


@dataclass(frozen=True)
class Variant:
    """A way to store the facts, with the index that it may use."""

    title: str
    question: str
    table: str
    index: str


PLAIN = "(event_type, created_at)"
VARIANTS = {
    "jsonb": Variant("JSONB, index on type and time", "jsonb", "as_jsonb", PLAIN),
    "jsonb_parsed_first": Variant("JSONB, parsed before sorting", "jsonb_parsed_first", "as_jsonb", PLAIN),
    # PostgreSQL cannot answer from an index over expressions alone: it still fetches every row's document.
    "jsonb_expressions": Variant(
        "JSONB, index on its expressions",
        "jsonb",
        "as_jsonb",
        "(created_at, (detail->>'provider'), (detail->>'model'), (detail->>'primary_error_type'),"
        " ((detail->>'score')::smallint), ((detail->>'latency_ms')::integer), ((detail->>'passed')::boolean))"
        " WHERE event_type = 'evaluation'",
    ),
    "jsonb_covering": Variant(
        "JSONB, parsed first, document in the index",
        "jsonb_parsed_first",
        "as_jsonb",
        "(created_at) INCLUDE (detail) WHERE event_type = 'evaluation'",
    ),
    "columns": Variant("columns, index on type and time", "columns", "as_columns", PLAIN),
    "columns_covering": Variant(
        "columns, KH-4's covering index",
        "columns",
        "as_columns",
        "(created_at, provider, model, primary_error_type) INCLUDE (score, passed, latency_ms)"
        " WHERE event_type = 'evaluation'",
    ),
}


async def measure(url: str, options: argparse.Namespace, console: Console) -> Mapping[tuple[str, str], Cost]:
    """The cost of the question, by variant and period; a variant that is not possible is left out."""
    connection = await asyncpg.connect(url, command_timeout=7200)
    try:
        with console.status(f"writing {options.events:,} events twice"):
            await _write(connection, options)
        for table in ("as_columns", "as_jsonb"):
            size = await connection.fetchval(f"SELECT pg_size_pretty(pg_table_size('{table}'))")
            console.print(f"{table}: {size}", highlight=False)
        # A plan made for any moment would read the whole table for the last week too. One process, so that its CPU time
        # is the question's: it tells the cost whoever else is busy.
        await connection.execute("SET plan_cache_mode = force_custom_plan; SET max_parallel_workers_per_gather = 0")
        costs: dict[tuple[str, str], Cost] = {}
        answers: dict[str, Sequence[asyncpg.Record]] = {}
        for name, variant in VARIANTS.items():
            with console.status(variant.title):
                try:
                    await connection.execute(f"CREATE INDEX of_variant ON {variant.table} {variant.index}")
                except asyncpg.ProgramLimitExceededError as error:
                    console.print(f"{variant.title}: not possible: {str(error).splitlines()[0]}", highlight=False)
                    continue
                await connection.execute(f"VACUUM (ANALYZE) {variant.table}")
                for period, since in PERIODS.items():
                    question = (HERE / "kh4" / f"{variant.question}.sql").read_text()
                    answer, costs[name, period] = await _asked(connection, question, since, options.runs)
                    if answers.setdefault(period, answer) != answer:
                        raise SystemExit(f"{variant.title} answers differently for {period}: nothing was compared")
                size = await connection.fetchval("SELECT pg_size_pretty(pg_relation_size('of_variant'))")
                console.print(f"{variant.title}: index of {size}", highlight=False)
                await connection.execute("DROP INDEX of_variant")
        return costs
    finally:
        await connection.close()


async def _write(connection: asyncpg.Connection, options: argparse.Namespace) -> None:
    await connection.execute((HERE / "kh4" / "tables.sql").read_text())
    await connection.execute("SELECT setseed(0.42)")
    await connection.execute((HERE / "kh4" / "fill.sql").read_text(), options.events, options.text_bytes)
    await connection.execute((HERE / "kh4" / "copy.sql").read_text())
    await connection.execute("VACUUM (ANALYZE) as_columns, as_jsonb")


async def _asked(
    connection: asyncpg.Connection, question: str, since: datetime, runs: int
) -> tuple[Sequence[asyncpg.Record], Cost]:
    """Ask once to warm the caches, then at least `runs` times and until enough CPU time was seen."""
    backend = psutil.Process(connection.get_server_pid())
    answer = await connection.fetch(question, since)
    before = _cpu_seconds(backend)
    taken: list[float] = []
    while len(taken) < runs or _cpu_seconds(backend) - before < CPU_SECONDS:
        begun = time.perf_counter()
        await connection.fetch(question, since)
        taken.append(time.perf_counter() - begun)
    return answer, Cost((_cpu_seconds(backend) - before) / len(taken), taken)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def tell(costs: Mapping[tuple[str, str], Cost], options: argparse.Namespace, console: Console) -> None:
    """Print the costs, and what became of the promise."""
    for period in PERIODS:
        title = f"{period}; {options.events:,} events, texts of {options.text_bytes} bytes"
        table = Table(title=title, title_justify="left")
        table.add_column("stored as", min_width=42)
        for heading in ("CPU ms", "waited ms: median", "from", "to", "x JSONB", "x best JSONB"):
            table.add_column(heading, justify="right")
        cpu = {name: costs[name, period].cpu_seconds for name in VARIANTS if (name, period) in costs}
        best = min(seconds for name, seconds in cpu.items() if name.startswith("jsonb"))
        for name, seconds in cpu.items():
            waited = costs[name, period].wall_seconds
            times = (seconds, statistics.median(waited), min(waited), max(waited))
            table.add_row(
                VARIANTS[name].title,
                *(f"{each * 1000:.1f}" for each in times),
                *(f"{other / seconds:.1f}" for other in (cpu["jsonb"], best)),
            )
        console.print(table)
        ratio = cpu["jsonb"] / cpu["columns_covering"]
        console.print(
            f"{'PROVEN' if ratio >= PROMISED else 'REFUTED'}: KH-4's columns are {ratio:.1f} times faster than parsing"
            f" JSONB (promised: {PROMISED:g}), {best / cpu['columns_covering']:.1f} times faster than its best way\n",
            highlight=False,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="events in each table (%(default)s)")
    parser.add_argument("--text-bytes", type=int, default=250, help="feedback text of an event (%(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="measured runs, after one to warm up (%(default)s)")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    with servers() as running:
        costs = asyncio.run(measure(running.postgres.admin_url, options, console))
    tell(costs, options, console)


if __name__ == "__main__":
    main()
