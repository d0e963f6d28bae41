"""The knee of a server whose capacity is known, and what ends the search early."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from outgrow.capacity.knee import Objective, Search
from outgrow.control.find_knee import KneeRequest, find_knee
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import OK, request, scenario, serving


def one_at_a_time(seconds: float):
    """Answer one request at a time, each after so many seconds: 1 / seconds is what it carries."""
    desk = asyncio.Lock()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            async with desk:
                await asyncio.sleep(seconds)
            writer.write(OK)

    return talk


def asked(target: str, lowest: float, highest: float, **objective) -> KneeRequest:
    return KneeRequest(
        scenario(target, timeout="500ms"),
        Objective(**({"p95_seconds": 0.3} | objective)),
        Search(lowest, highest, 2, 0.5),
        hold=timedelta(seconds=1),
        settle=timedelta(seconds=0.4),
        probes=3,
    )


async def searched(of: KneeRequest):
    told = []
    found = await find_knee(of, lambda held: run_load("peak", held, {}, lambda _: None), told.append)
    assert list(found.levels) == told
    return found


async def test_the_knee_lies_where_the_server_is_full():
    # given a server that answers one request at a time, each after 20 ms: it cannot carry more than 50/s
    async with serving(one_at_a_time(0.02)) as target:
        found = await searched(asked(target, 10, 320))

    assert found.rate is not None
    assert 10 <= found.rate < 50
    assert found.broken is not None
    assert found.broken <= 160
    assert all(level.kept == (not level.broken) for level in found.levels)


async def test_of_users_who_wait_for_their_answers_the_most_are_found_that_keep_the_objective():
    # given a server that answers one request at a time, each after 20 ms: the n-th of n users waits n times 20 ms
    async with serving(one_at_a_time(0.02)) as target:
        of = asked(target, 10, 20, p95_seconds=0.15)
        users = scenario(target, vus=50, iterations=7, processes=2, target_rps=None, ramp="0s", duration=None)
        found = await searched(replace(of, scenario=users, search=Search(2, 40, 2, 0.1, by_users=True)))

    assert all(level.by_users and level.rate == int(level.rate) for level in found.levels)
    assert found.rate is not None
    assert found.broken is not None
    assert found.rate < 8 <= found.broken + 2
    assert found.broken - found.rate <= 1
    # what they got answered is what is carried: at most 50/s, and not as many as there are users
    assert found.carried is not None
    assert 10 < found.carried <= 51


async def test_a_server_that_never_answers_in_time_has_no_knee():
    async with serving(one_at_a_time(0.2)) as target:
        found = await searched(asked(target, 20, 40, p95_seconds=0.05))

    assert found.rate is None
    assert "begin lower" in found.why


async def test_a_server_that_stays_broken_is_not_loaded_again_and_again():
    # given a server that breaks for good when it is asked for much at once
    open_talks = 0

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_talks
        open_talks += 1
        while True:
            await request(reader)
            if open_talks > 8:
                return
            await asyncio.sleep(0.02)
            writer.write(OK)

    async with serving(breaks) as target:
        found = await searched(asked(target, 10, 1000))

    assert "did not recover" in found.why
