"""A place where a journal can be opened, again and again: each adapter's for the contract suite."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from outgrow.journal.memory import MemoryJournal
from outgrow.journal.postgres import PostgresJournal
from outgrow.journal.sqlite import SqliteJournal
from outgrow.plan import JournalOptions
from outgrow.ports import Journal

DEFAULT = JournalOptions()


@dataclass
class Shelf:
    """Opens journals that share one place, and closes all of them at the end.

    Attributes:
        kind: the adapter's name.
        lasting: whether what was written is there when the journal is opened again.
    """

    kind: str
    lasting: bool
    opener: Callable[[JournalOptions], Awaitable[Journal]]
    opened: list[Journal] = field(default_factory=list[Journal])

    async def open(self, options: JournalOptions = DEFAULT) -> Journal:
        """Open one more journal in the same place."""
        self.opened.append(await self.opener(options))
        return self.opened[-1]

    async def aclose(self) -> None:
        """Close what was opened."""
        for journal in self.opened:
            await journal.aclose()


def memory_shelf() -> Shelf:
    """Give a shelf of memory: each journal is a new one."""

    async def opener(options: JournalOptions) -> Journal:
        return MemoryJournal(options)

    return Shelf("memory", lasting=False, opener=opener)


def sqlite_shelf(folder: Path) -> Shelf:
    """Give a shelf of one file."""
    return Shelf("sqlite", lasting=True, opener=lambda options: SqliteJournal.open(folder / "j.sqlite", options))


def postgres_shelf(url: str) -> Shelf:
    """Give a shelf of one database."""
    return Shelf("postgres", lasting=True, opener=lambda options: PostgresJournal.open(url, options))


async def without_journal(url: str) -> None:
    """Remove the journal from a database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET client_min_messages = warning; DROP SCHEMA IF EXISTS outgrow CASCADE")
    finally:
        await connection.close()
