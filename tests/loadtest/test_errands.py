"""Setup and teardown: once, before and after the load, however it ends."""

import pytest

from outgrow.errors import SourceError
from outgrow.facts.loads import Outcome
from tests.loadtest.servers import load_of
from tests.loadtest.shop import Shop

LOGIN = {"name": "login", "path": "/login", "captures": {"token": {"json": "$.token"}}}
USE = {"name": "use", "path": "/use/{token}", "status": [401]}
LEAVE = {"name": "leave", "method": "POST", "path": "/buy", "body": "{token}", "status": [401]}


async def test_what_the_setup_captured_is_known_to_every_session_and_to_the_teardown():
    shop = Shop()

    async with shop.serving() as target:
        facts = await load_of(target, setup=[LOGIN], steps=[USE], teardown=[LEAVE])

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert shop.asked == {"/login": 1, "/use/t1": 30, "/buy": 1}
    assert b"t1" in shop.bodies
    assert facts.notes == ()


async def test_what_the_setup_captured_reaches_every_process():
    shop = Shop()

    async with shop.serving() as target:
        await load_of(target, setup=[LOGIN], steps=[USE], processes=2)

    assert shop.asked == {"/login": 1, "/use/t1": 30}


async def test_a_setup_that_is_not_done_ends_the_run_with_its_reason_and_the_teardown_still_runs():
    shop = Shop()

    async with shop.serving() as target:
        with pytest.raises(
            SourceError, match=r"scenarios.short.setup: the step gone ended as unexpected answer \(status 500\)"
        ):
            await load_of(target, setup=[{"name": "gone", "path": "/gone"}], steps=[USE], teardown=[LOGIN])

    assert shop.asked == {"/gone": 1, "/login": 1}


async def test_a_teardown_that_is_not_done_is_noted():
    async with Shop().serving() as target:
        facts = await load_of(target, teardown=[{"name": "gone", "path": "/gone"}])

    assert facts.notes == ("teardown: the step gone ended as unexpected answer (status 500)",)


async def test_the_teardown_runs_after_ctrl_c():
    shop = Shop()

    async with shop.serving() as target:
        facts = await load_of(target, setup=[LOGIN], steps=[USE], teardown=[LEAVE], duration="1h", interrupted_at=0.3)

    assert facts.interrupted
    assert shop.asked["/buy"] == 1
