"""What every journal promises of its leases (`outgrow.ports.Lease`)."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.contracts.journals import Shelf, memory_shelf, postgres_shelf, sqlite_shelf


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    match request.param:
        case "memory":
            made = memory_shelf()
        case "sqlite":
            made = sqlite_shelf(tmp_path)
        case _:
            made = postgres_shelf(request.getfixturevalue("postgres_url"))
    yield made
    await made.aclose()


async def test_a_lease_is_held_by_one_at_a_time(shelf: Shelf) -> None:
    journal = await shelf.open()
    other = await shelf.open() if shelf.lasting else journal

    first = await journal.lease("scale auth")
    assert first is not None
    assert await other.lease("scale auth") is None
    assert await first.still_held()

    await first.release()
    second = await other.lease("scale auth")
    assert second is not None
    assert not await first.still_held()
    await second.release()


async def test_leases_of_other_names_do_not_matter(shelf: Shelf) -> None:
    journal = await shelf.open()

    first, second = await journal.lease("scale auth"), await journal.lease("scale hr")

    assert first is not None
    assert second is not None
    await first.release()
    await first.release()
    await second.release()


@pytest.mark.live
async def test_a_lease_whose_connection_was_cut_is_not_held_any_more(postgres_url: str) -> None:
    shelf = postgres_shelf(postgres_url)
    journal = await shelf.open()
    lease = await journal.lease("scale auth")
    assert lease is not None

    connection = await asyncpg.connect(postgres_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outgrow lease'"
    )
    await connection.close()

    assert not await lease.still_held()
    again = await journal.lease("scale auth")
    assert again is not None
    await again.release()
    await shelf.aclose()
