"""How fast does the journal take samples in, and give a window back? SQLite and PostgreSQL side by side.

Writes `--samples` samples of `--signals` signals, one a minute each, through `Journal.append_samples`, all of them
dated so that the newest is now. Then reads windows of one signal through `Journal.samples`, with numpy's 95th
percentile of what came back, and asks the database itself for the same percentile in SQL: the answers must agree. Last
it measures a single write, the monthly chart (`Journal.rollups`), and compaction with a live writer beside it.

PostgreSQL is started anew with fsync on (the tests' settings are less strict); SQLite has `synchronous = FULL`.

    .venv/bin/python bench/bench_journal.py [--samples 10_000_000] [--signals 200] [--batch 10_000] [--only sqlite]
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import apsw
import asyncpg
import numpy as np
from rich.console import Console
from rich.table import Table

from outgrow.facts.rollups import Resolution
from outgrow.facts.samples import Measured, Sample, SeriesKey
from outgrow.journal.postgres import PostgresJournal
from outgrow.journal.sqlite import SqliteJournal
from outgrow.plan import JournalOptions
from outgrow.ports import Journal
from tests.servers.postgres import start_postgres

MINUTE = timedelta(minutes=1)
WINDOWS = {"30 min": timedelta(minutes=30), "1 day": timedelta(days=1), "7 days": timedelta(days=7)}
ROUNDS = 20
READ = "hash-0"  # the signal whose windows are read
KEEP_A_WEEK = JournalOptions.model_validate({"keep_raw": "7d"})

Percentile = Callable[[str, datetime, datetime], Awaitable[float]]
SQLITE_SQL = (
    "SELECT percentile(value, 95) FROM samples WHERE series = (SELECT id FROM series WHERE signal_hash = ?) "
    "AND at BETWEEN ? AND ?"
)
POSTGRES_SQL = (
    "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY value) FROM outgrow.samples "
    "WHERE series = (SELECT id FROM outgrow.series WHERE signal_hash = $1) AND at BETWEEN $2 AND $3"
)


@dataclass
class Store:
    """A journal on trial: how to open it, how to ask its database, how large it is."""

    name: str
    version: str
    open: Callable[[], Awaitable[Journal]]
    percentile: Percentile
    settle: Callable[[], Awaitable[None]]
    megabytes: Callable[[], Awaitable[float]]
    figures: dict[str, str] = field(default_factory=dict[str, str])


@asynccontextmanager
async def sqlite_store() -> AsyncGenerator[Store]:
    with tempfile.TemporaryDirectory(prefix="outgrow-bench-") as folder:
        path = Path(folder) / "journal.sqlite"
        asking: list[apsw.Connection] = []

        async def percentile(name: str, start: datetime, end: datetime) -> float:
            if not asking:
                asking.append(apsw.Connection(str(path)))
            bounds = (int(each.timestamp()) * 1_000_000 for each in (start, end))
            return asking[0].execute(SQLITE_SQL, (name, *bounds)).get

        async def megabytes() -> float:
            return sum(each.stat().st_size for each in path.parent.iterdir()) / 1e6

        async def settle() -> None:
            """Do nothing: SQLite has no chores of its own."""

        async def opened() -> Journal:
            return await SqliteJournal.open(path, KEEP_A_WEEK)

        yield Store("SQLite", apsw.sqlite_lib_version(), opened, percentile, settle, megabytes)
        for each in asking:
            each.close()


@asynccontextmanager
async def postgres_store() -> AsyncGenerator[Store]:
    server = start_postgres("fsync=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=4GB")
    try:
        url = server.create_database()
        asking = await asyncpg.connect(url)

        async def percentile(name: str, start: datetime, end: datetime) -> float:
            return await asking.fetchval(POSTGRES_SQL, name, start, end)

        async def settle() -> None:
            # What autovacuum does by itself within minutes.
            await asking.execute("VACUUM ANALYZE")

        async def megabytes() -> float:
            return await asking.fetchval("SELECT pg_database_size(current_database())") / 1e6

        async def opened() -> Journal:
            return await PostgresJournal.open(url, KEEP_A_WEEK)

        version = (await asking.fetchval("SHOW server_version")).split()[0]
        yield Store("PostgreSQL", version, opened, percentile, settle, megabytes)
        await asking.close()
    finally:
        server.stop()


def batches(arguments: argparse.Namespace, newest: datetime) -> Iterator[list[tuple[SeriesKey, Sample]]]:
    """Give the samples in the order in which they would be measured: every signal, then the next minute."""
    keys = [SeriesKey(f"signal-{index}", f"hash-{index}") for index in range(arguments.signals)]
    rounds = arguments.samples // arguments.signals
    rng = np.random.default_rng(1)
    batch: list[tuple[SeriesKey, Sample]] = []
    for number in range(rounds):
        at = newest - (rounds - 1 - number) * MINUTE
        values = rng.lognormal(6.0, 0.5, len(keys)).tolist()
        batch += [(key, Measured(at, value, at, n=200)) for key, value in zip(keys, values, strict=True)]
        if len(batch) >= arguments.batch:
            yield batch
            batch = []
    if batch:
        yield batch


async def timed(work: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> str:
    """Give the best and the median milliseconds of so many runs, after one that does not count.

    On a machine with other work the best says what the code needs, the median what one gets.
    """
    await work()
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    return f"{min(took):.3g} / {statistics.median(took):.3g}"


async def take_in(store: Store, journal: Journal, arguments: argparse.Namespace, newest: datetime) -> None:
    """Write everything; only the writing is counted, not the making of the samples."""
    seconds = 0.0
    kept = 0
    for batch in batches(arguments, newest):
        began = time.perf_counter()
        kept += await journal.append_samples(batch)
        seconds += time.perf_counter() - began
    store.figures["samples kept"] = f"{kept:,}"
    store.figures[f"ingest, batches of {arguments.batch:,} (samples/s)"] = f"{kept / seconds:,.0f}"
    await store.settle()
    store.figures["size (MB)"] = f"{await store.megabytes():,.0f}"


async def read_windows(store: Store, journal: Journal, newest: datetime) -> None:
    """Ask for the 95th percentile of windows that end now, both ways."""
    for name, window in WINDOWS.items():
        start = newest - window

        async def by_journal(start: datetime = start) -> float:
            found = await journal.samples(READ, start, newest)
            return float(np.percentile([each.value for _, each in found if isinstance(each, Measured)], 95))

        async def in_sql(start: datetime = start) -> float:
            return await store.percentile(READ, start, newest)

        if not np.isclose(await by_journal(), await in_sql()):
            sys.exit(f"{store.name} {name}: {await by_journal()} by the journal, {await in_sql()} in SQL")
        store.figures[f"p95 of {name}, one signal by the journal"] = await timed(by_journal)
        store.figures[f"p95 of {name}, one signal in SQL"] = await timed(in_sql)


async def write_singly(store: Store, journal: Journal, newest: datetime) -> None:
    """Write one sample a call, as many calls as fit: each is on the disk when it returns."""
    moment = newest

    async def one() -> None:
        nonlocal moment
        moment += MINUTE
        await journal.append_samples([(SeriesKey("extra", "extra"), Measured(moment, 1.0, moment))])

    store.figures["one sample, committed"] = await timed(one, 100)


async def compact(store: Store, journal: Journal, arguments: argparse.Namespace, newest: datetime) -> None:
    """Roll up all but the last week while a writer beside it writes a sample every 20 ms."""
    other = await store.open()
    waits: list[float] = []

    async def write_on() -> None:
        moment = newest + timedelta(days=1)
        while True:
            moment += MINUTE
            began = time.perf_counter()
            await other.append_samples([(SeriesKey("extra", "extra"), Measured(moment, 1.0, moment))])
            waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.02)

    old = arguments.samples - arguments.signals * min(7 * 24 * 60, arguments.samples // arguments.signals)
    writer = asyncio.create_task(write_on())
    began = time.perf_counter()
    await journal.compact(newest)
    seconds = time.perf_counter() - began
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await other.aclose()
    store.figures["samples rolled up"] = f"{old:,}"
    store.figures["compaction (samples/s)"] = f"{old / seconds:,.0f}" if old else "-"
    if waits:
        store.figures["a writer beside it waits, p50 / worst (ms)"] = (
            f"{statistics.median(waits):.0f} / {max(waits):.0f}"
        )
    await store.settle()
    store.figures["size after compaction (MB)"] = f"{await store.megabytes():,.0f}"


async def try_out(store: Store, arguments: argparse.Namespace) -> None:
    newest = datetime.now(UTC).replace(second=0, microsecond=0)
    journal = await store.open()
    await take_in(store, journal, arguments, newest)
    await read_windows(store, journal, newest)
    await write_singly(store, journal, newest)

    async def chart() -> Sequence[Any]:
        return await journal.rollups(READ, newest - timedelta(days=30), newest, Resolution.HOUR)

    store.figures["30 days by the hour, from samples"] = await timed(chart, 5)
    await compact(store, journal, arguments, newest)
    store.figures["30 days by the hour, 7 from samples"] = await timed(chart, 5)
    await journal.aclose()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--signals", type=int, default=0, help="200, or fewer where there are few samples")
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    arguments = parser.parse_args()
    # Enough minutes of each signal for the longest window.
    arguments.signals = arguments.signals or max(1, min(200, arguments.samples // (8 * 24 * 60)))

    stores: list[Store] = []
    for name, opening in (("sqlite", sqlite_store), ("postgres", postgres_store)):
        if arguments.only in {None, name}:
            async with opening() as store:
                await try_out(store, arguments)
                stores.append(store)

    table = Table("", *(f"{store.name} {store.version}" for store in stores))
    for figure in stores[0].figures:
        table.add_row(figure, *(store.figures.get(figure, "-") for store in stores))
    console = Console(width=120)
    busy = f"{os.cpu_count()} cores, load average {' / '.join(f'{each:.1f}' for each in os.getloadavg())}"
    console.print(f"{arguments.samples:,} samples of {arguments.signals} signals, one a minute; {busy}")
    console.print("Times in milliseconds: the best of 20 / the median.")
    console.print(table)


if __name__ == "__main__":
    asyncio.run(main())
