"""Writers that are killed: child processes that say through a pipe what the journal has acknowledged."""

import asyncio
import os
from datetime import timedelta
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from outgrow.errors import JournalError
from outgrow.facts.samples import Measured, SeriesKey
from outgrow.journal.postgres import PostgresJournal
from outgrow.journal.sqlite import SqliteJournal
from outgrow.plan import JournalOptions
from outgrow.ports import Journal
from tests.journal.samples import MINUTE, NOON

BATCH = 7
NOBODY = 65534
SHORT = JournalOptions.model_validate({"keep_raw": "2d", "keep_5m": "5d", "keep_1h": "90d"})


async def opened(where: str) -> Journal:
    """Open the journal at a URL of PostgreSQL, or in a file."""
    if where.startswith("postgresql:"):
        return await PostgresJournal.open(where, SHORT)
    return await SqliteJournal.open(Path(where), SHORT)


def key_of(writer: int) -> SeriesKey:
    """Name the series of a writer."""
    return SeriesKey("killed", f"writer-{writer}")


def write_until_killed(where: str, writer: int, acknowledged: Connection) -> None:
    """Write batches for ever; after each, send how many samples have been acknowledged."""

    async def write() -> None:
        journal = await opened(where)
        for batch in count():
            first = batch * BATCH
            moments = [NOON + index * MINUTE for index in range(first, first + BATCH)]
            samples = [(key_of(writer), Measured(at, float(first + i), at)) for i, at in enumerate(moments)]
            assert await journal.append_samples(samples) == BATCH
            acknowledged.send(first + BATCH)

    asyncio.run(write())


def compact_until_killed(where: str, days: float, begun: Connection) -> None:
    """Say that it begins, compact, say that it is done."""

    async def compact() -> None:
        journal = await opened(where)
        begun.send("begun")
        await journal.compact(NOON + timedelta(days=days))
        begun.send("done")

    asyncio.run(compact())


def migrate(where: str, go: Connection) -> None:
    """Wait for the word, open the journal, write a sample, answer."""

    async def use() -> None:
        journal = await opened(where)
        await journal.append_samples([(key_of(os.getpid()), Measured(NOON, 1.0, NOON))])
        await journal.aclose()

    go.send("ready")
    go.recv()
    try:
        asyncio.run(use())
    except Exception as error:  # noqa: BLE001 (the parent shows it)
        go.send(repr(error))
    else:
        go.send("")


def open_as_nobody(where: str, answer: Connection) -> None:
    """Open the journal as a user without any rights, and say what came of it."""

    async def first_at_home() -> None:
        # Whatever is imported late must be there before the rights to read it go.
        with TemporaryDirectory() as folder:
            await (await opened(f"{folder}/journal.sqlite")).aclose()

    asyncio.run(first_at_home())
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    try:
        asyncio.run(opened(where))
    except JournalError as error:
        answer.send(str(error))
    else:
        answer.send("")
