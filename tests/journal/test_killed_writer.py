"""Killing the writer with SIGKILL at any moment loses no acknowledged sample and harms nothing else."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import apsw
import pytest

from outgrow.facts.rollups import Resolution
from outgrow.facts.samples import Measured
from outgrow.journal.memory import MemoryJournal
from outgrow.ports import Journal
from tests.contracts.journals import without_journal
from tests.journal.processes import child, wait
from tests.journal.samples import DAY, KEY, NOON, minutes
from tests.journal.writer import BATCH, SHORT, compact_until_killed, key_of, opened, write_until_killed

ROUNDS = {"sqlite": 25, "postgres": 10}
LONGEST_LIFE_SECONDS = 0.08


# A killed process leaves what it has written to the kernel: nothing here depends on a disk, which may be slow.
MEMORY = Path("/dev/shm")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def where(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        await without_journal(url)
        yield url
        return
    with TemporaryDirectory(prefix="outgrow-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield str(Path(folder) / "journal.sqlite")


def rounds(where: str) -> range:
    return range(ROUNDS["postgres" if where.startswith("postgresql:") else "sqlite"])


async def values(journal: Journal, writer: int) -> Sequence[float]:
    found = await journal.samples(key_of(writer).signal_hash, NOON, NOON + timedelta(days=400))
    return [sample.value for _, sample in found if isinstance(sample, Measured)]


async def test_every_acknowledged_sample_outlives_its_writer(where: str) -> None:
    lots = Random(1)
    acknowledged: dict[int, int] = {}
    for writer in rounds(where):
        with child(write_until_killed, where, writer) as victim:
            # Some die while they open the journal, most while they write.
            if lots.random() < 0.9:
                acknowledged[writer] = victim.pipe.recv()
            wait(lots.uniform(0, LONGEST_LIFE_SECONDS))
            victim.kill()
            acknowledged[writer] = max([acknowledged.get(writer, 0), *victim.said()])

        # Each time another process opens what the dead one left, and writes on.
        journal = await opened(where)
        kept = await values(journal, writer)
        await journal.aclose()
        assert len(kept) >= acknowledged[writer]
        assert kept == [float(index) for index in range(len(kept))]
        assert len(kept) % BATCH == 0, "a batch was kept in part"

    journal = await opened(where)
    for writer, count in acknowledged.items():
        assert len(await values(journal, writer)) >= count
    await journal.aclose()
    assert sum(acknowledged.values()) > len(acknowledged) * BATCH, "the writers hardly wrote: the test shows nothing"
    if not where.startswith("postgresql:"):
        assert apsw.Connection(where).pragma("integrity_check") == "ok"


async def test_compaction_can_be_killed_anywhere_and_loses_nothing(where: str) -> None:
    lots = Random(2)
    samples = minutes(25_000)
    journal = await opened(where)
    await journal.append_samples(samples)

    killed = 0
    for turn in range(1, 11):
        with child(compact_until_killed, where, 30) as victim:
            assert victim.pipe.recv() == "begun"
            wait(lots.uniform(0, 0.01 * turn))
            victim.kill()
            done = "done" in victim.said()
        killed += not done
        hours = await journal.rollups(KEY.signal_hash, NOON, NOON + 40 * DAY, Resolution.HOUR)
        assert sum(rollup.count for _, rollup in hours) == len(samples)
        if done:
            break

    assert killed, "compaction was never interrupted: the test shows nothing"
    await journal.compact(NOON + 30 * DAY)
    oracle = MemoryJournal(SHORT)
    await oracle.append_samples(samples)
    await oracle.compact(NOON + 30 * DAY)
    for resolution in Resolution:
        window = (KEY.signal_hash, NOON, NOON + 40 * DAY, resolution)
        assert await journal.rollups(*window) == await oracle.rollups(*window)
    whole = (KEY.signal_hash, NOON, NOON + 40 * DAY)
    assert await journal.samples(*whole) == await oracle.samples(*whole)
    await journal.aclose()
