"""Readings that several signals share, and requests that are given up together."""

import asyncio
from functools import partial

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.observe._all_of import all_of
from outgrow.observe._counters import Restarts
from outgrow.observe._shared_reads import SharedReads


class Counter:
    """A reading that takes a moment and counts how often it was made."""

    def __init__(self) -> None:
        self.readings = 0

    async def read(self) -> int:
        self.readings += 1
        which = self.readings
        await asyncio.sleep(0.01)
        return which

    async def fail(self) -> int:
        await self.read()
        raise SourceError(Failure.REFUSED, "nobody there")


async def test_those_who_ask_at_the_same_time_share_a_reading():
    shared, counter = SharedReads[int](), Counter()

    assert await asyncio.gather(*(shared.read("x", counter.read) for _ in range(5))) == [1] * 5


async def test_those_who_ask_later_or_for_something_else_get_their_own():
    shared, counter = SharedReads[int](), Counter()

    assert await shared.read("x", counter.read) == 1
    assert await shared.read("x", counter.read) == 2
    assert sorted(await asyncio.gather(shared.read("x", counter.read), shared.read("y", counter.read))) == [3, 4]


async def test_a_failure_is_shared_once_and_not_kept():
    shared, counter = SharedReads[int](), Counter()

    failed = await asyncio.gather(*(shared.read("x", counter.fail) for _ in range(3)), return_exceptions=True)

    assert [type(each) for each in failed] == [SourceError] * 3
    assert counter.readings == 1
    assert await shared.read("x", counter.read) == 2


async def test_a_caller_that_gives_up_takes_the_reading_from_nobody():
    shared, counter = SharedReads[int](), Counter()
    impatient = asyncio.ensure_future(shared.read("x", counter.read))
    patient = asyncio.ensure_future(shared.read("x", counter.read))
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient == 1
    assert impatient.cancelled()


async def test_a_reading_that_nobody_waits_for_ends_quietly():
    shared, counter = SharedReads[int](), Counter()
    reading = asyncio.ensure_future(shared.read("x", counter.fail))
    await asyncio.sleep(0)
    reading.cancel()

    await asyncio.sleep(0.05)
    await shared.aclose()

    assert counter.readings == 1


async def test_calls_are_made_a_few_at_a_time_and_answered_in_order():
    running, most = 0, 0

    async def call(index: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (10 - index))
        running -= 1
        return index

    assert await all_of([partial(call, index) for index in range(10)], 3) == list(range(10))
    assert most == 3


async def test_the_first_failure_gives_up_the_rest():
    done: list[int] = []

    async def call(index: int) -> int:
        if index == 1:
            raise SourceError(Failure.REFUSED, "nobody there")
        await asyncio.sleep(10)
        done.append(index)
        return index

    with pytest.raises(SourceError, match="nobody there"):
        await all_of([partial(call, index) for index in range(4)], 2)

    assert done == []


def test_a_counter_restarts_with_a_new_life_or_by_falling():
    restarts = Restarts()

    assert not restarts.noticed("x", "first", 5)
    assert not restarts.noticed("x", "first", 5)
    assert not restarts.noticed("y", "second", 0)
    assert restarts.noticed("x", "second", 9)
    assert not restarts.noticed("x", "second", 10)
    assert restarts.noticed("x", "second", 9.9)
