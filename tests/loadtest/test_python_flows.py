"""Flows written in Python take the plan's steps; every arrival still ends in one class, also when the code is wrong."""

import asyncio

import pytest

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import answering, scenario, serving
from tests.loadtest.shop import Shop

STEPS = [
    {"name": "login", "path": "/login", "captures": {"token": {"json": "$.token"}}},
    {"name": "list", "path": "/list?token={token}"},
    {"name": "buy", "method": "POST", "path": "/buy", "body": "{what}", "status": [201]},
    {"name": "gone", "path": "/gone"},
]


async def led(folder, target, code, **options):
    (folder / "flows.py").write_text(code)
    flows = {"buyer": {"flow": "flows.py:buyer", "steps": STEPS}}
    made = scenario(target, **{"steps": [], "flows": flows, "duration": "100ms", **options})
    return await run_load("short", made, {}, lambda _: None, folder)


async def test_code_takes_steps_in_the_order_that_it_likes(tmp_path):
    code = """
async def buyer(user):
    answer = await user.step("login")
    user.check("two items", len(answer.json()["items"]) == 2)
    for item in answer.json()["items"]:
        await user.think(0.001)
        await user.step("buy", what=item["id"])
    await user.step("list")
"""
    shop = Shop()
    async with shop.serving() as target:
        facts = await led(tmp_path, target, code)

    assert facts.iterations.outcomes == {Outcome.DONE: 10}
    assert {step.name: step.arrivals for step in facts.steps} == {"login": 10, "list": 10, "buy": 20, "gone": 0}
    assert facts.steps[0].checks == {"two items": (10, 0)}
    assert shop.bodies.count(b"7") == shop.bodies.count(b"8") == 10


async def test_the_first_step_that_is_not_done_ends_the_arrival_whatever_the_code_makes_of_it(tmp_path):
    code = """
async def buyer(user):
    try:
        await user.step("gone")
    except Exception:
        pass
    await user.step("login")
"""
    async with Shop().serving() as target:
        facts = await led(tmp_path, target, code)

    assert facts.iterations.outcomes == {Outcome.UNEXPECTED: 10}
    assert facts.steps[0].arrivals == 0


async def test_code_that_never_ends_is_cut_when_the_run_is_over(tmp_path):
    code = "import asyncio\nasync def buyer(user):\n    await asyncio.sleep(3600)\n"
    async with serving(answering()) as target:
        facts = await led(tmp_path, target, code, graceful_stop="100ms")

    assert facts.iterations.outcomes == {Outcome.INTERRUPTED: 10}


async def test_an_arrival_that_is_cut_before_its_code_began_ends_too(tmp_path):
    code = "async def buyer(user):\n    await user.step('login')\n"
    async with Shop().serving() as target:
        run = led(tmp_path, target, code, graceful_stop="0s")  # the last one is cut in the tick that released it
        facts = await asyncio.wait_for(run, 20)

    assert facts.iterations.arrivals == 10
    assert facts.iterations.outcomes[Outcome.INTERRUPTED] >= 1


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("async def buyer(user):\n    user.nothing\n", "flows.py, line 2: AttributeError"),
        ("async def buyer(user):\n    await user.step('lst')\n", 'no step "lst"; did you mean'),
        ("def buyer(user): pass\n", "write async def buyer"),
        ("1 / 0\n", "line 1: ZeroDivisionError"),
    ],
)
async def test_code_that_is_wrong_ends_the_run_with_its_place(tmp_path, code, why):
    async with Shop().serving() as target:
        with pytest.raises(UsageError, match=why):
            await led(tmp_path, target, code)


async def test_a_file_of_flows_that_is_not_there_is_told(tmp_path):
    made = scenario("http://127.0.0.1:9", steps=[], flows={"a": {"flow": "no.py:a", "steps": STEPS}})
    with pytest.raises(UsageError, match=r"scenarios.short.flows.a.flow: .*does not exist"):
        await run_load("short", made, {}, lambda _: None, tmp_path)


async def test_code_gives_values_of_any_kind_that_json_has(tmp_path):
    code = """
async def buyer(user):
    await user.step("login")
    for what in (1.5, True, None, {"a": [1]}, "x", 7):
        await user.step("buy", what=what)
"""
    shop = Shop()
    async with shop.serving() as target:
        facts = await led(tmp_path, target, code, duration="10ms")

    assert facts.iterations.outcomes == {Outcome.DONE: 1}
    assert shop.bodies[1:] == [b"1.5", b"true", b"null", b'{"a": [1]}', b"x", b"7"]
