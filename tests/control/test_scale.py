"""The scaling loop: decided, written down, carried out; whatever cannot be known lowers nothing; kills are survived."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from outgrow.act.dry_run import DryRun
from outgrow.control.scale import ScaleLoop
from outgrow.control.scale_view import ScaleRequest, ScaleView
from outgrow.control.scaling_records import Mode, Step, decision_event, repeated, resumed, steps_in
from outgrow.errors import ActuatorError, Failure, JournalError, RefusedError, SourceError, UsageError
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.scaling import Rule
from outgrow.journal.memory import MemoryJournal
from outgrow.journal.sqlite import SqliteJournal
from outgrow.plan import JournalOptions, Plan
from outgrow.plan.run_targets import DryRunTarget
from outgrow.quantity import Duration
from tests.control.scaled import NOON, NOT_A_NUMBER, Clock, Ledger, Load, plan, refusal

if TYPE_CHECKING:
    from outgrow.ports import Actuator, Journal


class Service:
    """One service with everything that its loop needs, all set by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.journal: Journal = MemoryJournal()
        self.load = Load(40.0)
        self.ledger = Ledger(folder, self.clock)
        self.actuator: Actuator = self.ledger
        self.plan: Plan = plan()

    async def once(self, mode: Mode = Mode.ACT, *, after: float = 15.0) -> ScaleView:
        """Let a loop, new as after a restart, take one decision `after` seconds from the last."""
        self.clock.forward(after)
        request = ScaleRequest(self.plan, "auth", mode, once=True)
        loop = ScaleLoop(request, self.load.opened(), self.journal, self.actuator, self.clock, lambda _: None)
        return await loop.run()

    async def steps(self, mode: Mode = Mode.ACT) -> Sequence[Step]:
        return steps_in(await self.journal.events(), "auth", mode)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def _texts(view: ScaleView, *, warnings: bool = False) -> str:
    return "\n".join(line.text for line in view.fresh if line.is_warning or not warnings)


async def test_a_decision_is_carried_out_and_kept_with_its_outcome(service: Service) -> None:
    service.load.value = 140.0

    view = await service.once()

    assert service.ledger.orders == [(1, 3)]
    (step,) = await service.steps()
    assert step.decision == view.decision
    assert step.outcome is not None
    assert step.outcome.done
    assert "1 -> 3: rps asks for 3" in _texts(view)


async def test_what_cannot_be_written_down_is_not_done(service: Service) -> None:
    service.load.value = 140.0

    class Full(MemoryJournal):
        async def append_event(self, event: Event) -> None:
            raise JournalError("no space left")

    service.journal = Full()
    view = await service.once()

    assert service.ledger.orders == []
    assert "nothing is done" in _texts(view, warnings=True)


async def test_replaying_the_journal_gives_the_same_decisions_one_by_one(service: Service) -> None:
    drawn = Random(4)
    for _ in range(60):
        service.load.value = drawn.choice([20.0, 90.0, 260.0, 700.0, NOT_A_NUMBER])
        service.ledger.refuses = refusal() if drawn.random() < 0.2 else None
        await service.once(after=drawn.choice([15.0, 15.0, 40.0]))

    steps = await service.steps()
    policy = ScaleRequest(service.plan, "auth").policy
    again = repeated(policy, steps)

    assert len(again) == 60
    assert all(each.is_same for each in again)
    assert len({each.step.decision.rule for each in again}) > 2, "many rules had the last word"


async def test_a_large_memory_is_kept_now_and_then_and_what_lies_between_is_repeated(service: Service) -> None:
    service.plan = plan(policy="predictive", metrics=None)
    drawn = Random(6)
    for _ in range(45):  # each by a loop that has just been started
        service.load.value = drawn.choice([50.0, 120.0, 300.0, NOT_A_NUMBER])
        await service.once()

    steps = await service.steps()
    again = repeated(ScaleRequest(service.plan, "auth").policy, steps)

    assert len(again) == 45
    assert all(each.is_same for each in again)
    assert 0 < sum(step.state is not None for step in steps) < 45


async def test_a_replay_says_which_decision_was_tampered_with(service: Service) -> None:
    for value in (40.0, 140.0, 140.0):
        service.load.value = value
        await service.once()
    steps = list(await service.steps())
    steps[1] = replace(steps[1], decision=replace(steps[1].decision, desired=9))

    again = repeated(ScaleRequest(service.plan, "auth").policy, steps)

    assert [each.is_same for each in again] == [True, False, True]


async def test_a_decision_comes_back_out_of_the_journal_as_it_went_in(service: Service) -> None:
    service.load.value = 700.0
    await service.once()
    (step,) = await service.steps()

    event = decision_event(step, NOON)

    (again,) = steps_in([event], "auth", Mode.ACT)
    assert again == replace(step, outcome=None)


@pytest.mark.parametrize(
    "broken",
    [
        *(NOT_A_NUMBER, 1e308, -1e308, 1e16),
        SourceError(Failure.REFUSED, "nobody there"),
        SourceError(Failure.TIMED_OUT, "no answer"),
    ],
)
async def test_a_signal_that_fails_never_lowers_replicas(service: Service, broken: float | SourceError) -> None:
    service.load.value = 200.0
    await service.once()
    assert service.ledger.ordered == 4
    before = service.ledger.ordered

    service.load.value = broken
    said = ""
    for _ in range(30):
        said += _texts(await service.once(), warnings=True)

    assert service.ledger.ordered == before
    assert "nothing goes down" in said
    assert (await service.steps())[-1].decision.rule is Rule.FAILED


async def test_a_stale_signal_never_lowers_replicas(service: Service) -> None:
    service.load.value = 200.0
    await service.once()
    before = service.ledger.ordered
    service.load.value, service.load.age = 1.0, timedelta(hours=2)

    for _ in range(30):
        await service.once()

    assert service.ledger.ordered == before
    assert (await service.steps())[-1].decision.rule is Rule.FAILED


async def test_an_actuator_that_refuses_is_said_and_asked_again(service: Service) -> None:
    service.load.value, service.ledger.refuses = 140.0, refusal()

    refused = await service.once()
    service.ledger.refuses = None
    done = await service.once()

    assert "was not ordered: a quota" in _texts(refused, warnings=True)
    assert service.ledger.orders == [(1, 3)]
    first, second = await service.steps()
    assert first.outcome is not None
    assert not first.outcome.done
    assert second.outcome is not None
    assert second.outcome.done
    assert done.decision is not None


async def test_a_refused_order_does_not_count_against_the_rate(service: Service) -> None:
    service.plan = plan(behavior={"up": {"rates": [{"pods": 2, "per": "10m"}]}})
    service.load.value, service.ledger.refuses = 500.0, refusal()
    await service.once()
    service.ledger.refuses = None

    await service.once()
    await service.once()

    assert service.ledger.orders == [(1, 3)], "two in ten minutes, once it could be ordered"


async def test_an_actuator_that_lies_about_the_number_is_said_and_survived(service: Service) -> None:
    service.load.value = 140.0
    await service.once()
    service.ledger.lies = 1

    view = await service.once()

    assert "3 were ordered, and the actuator says 1" in _texts(view, warnings=True)
    last = (await service.steps())[-1]
    assert last.outcome is not None
    assert not last.outcome.done


async def test_where_the_replicas_cannot_be_seen_nothing_is_decided(service: Service) -> None:
    service.ledger.blind = ActuatorError(Failure.UNREACHABLE, "no route", "look")

    view = await service.once()

    assert await service.steps() == ()
    assert "no route" in _texts(view, warnings=True)


async def test_the_maximum_that_is_reached_is_a_warning(service: Service) -> None:
    service.load.value = 5_000.0
    said = "".join([_texts(await service.once(), warnings=True) for _ in range(8)])

    assert service.ledger.ordered == 10
    assert "the maximum of 10 is reached; 100 are asked for" in said


async def test_a_restart_does_not_forget_the_stabilisation_window(service: Service) -> None:
    service.load.value = 200.0
    await service.once()
    before = service.ledger.ordered
    service.load.value = 10.0

    counts = []
    for _ in range(30):  # every decision is taken by a loop that has just been started
        await service.once()
        counts.append(service.ledger.ordered)

    assert counts[:18] == [before] * 18, "five minutes at 15 s a decision, less what passed before"
    assert counts[-1] < before


async def test_an_order_that_nobody_knows_of_is_finished_once(service: Service) -> None:
    service.load.value = 140.0
    await service.once()
    events = [each for each in await service.journal.events() if "outcome_of" not in each.detail]
    (service.ledger.folder / "ordered").write_text("1")  # as if killed between writing down and ordering
    service.journal = MemoryJournal()
    for event in events:
        await service.journal.append_event(event)

    view = await service.once()

    assert "ordered after a restart" in _texts(view)
    assert service.ledger.orders == [(1, 3), (1, 3)]
    assert service.ledger.ordered == 3
    first, second = await service.steps()
    assert first.outcome is not None
    assert first.outcome.done
    assert not second.decision.changes


async def test_an_order_that_was_carried_out_before_the_kill_is_not_repeated(service: Service) -> None:
    service.plan = plan(behavior={"up": {"rates": [{"pods": 2, "per": "10m"}]}})
    service.load.value = 500.0
    await service.once()
    events = [each for each in await service.journal.events() if "outcome_of" not in each.detail]
    service.journal = MemoryJournal()
    for event in events:
        await service.journal.append_event(event)

    view = await service.once()

    assert "found done after a restart" in _texts(view)
    assert service.ledger.orders == [(1, 3)], "the rate remembers the order of before the kill"


async def test_an_order_of_long_ago_is_given_up(service: Service) -> None:
    service.load.value = 140.0
    await service.once()
    events = [each for each in await service.journal.events() if "outcome_of" not in each.detail]
    (service.ledger.folder / "ordered").write_text("1")
    service.journal = MemoryJournal()
    for event in events:
        await service.journal.append_event(event)
    service.load.value = 40.0

    view = await service.once(after=3600)

    assert "too long ago" in _texts(view)
    assert service.ledger.ordered == 1


async def test_a_shadow_orders_nothing_and_says_where_it_differs(service: Service) -> None:
    service.load.value = 140.0

    view = await service.once(Mode.SHADOW)

    assert service.ledger.orders == []
    assert "live 1, this policy 3" in _texts(view)
    assert await service.steps() == ()
    assert len(await service.steps(Mode.SHADOW)) == 1


async def test_two_loops_on_one_service_are_one_too_many(service: Service, tmp_path: Path) -> None:
    options = JournalOptions()
    first = await SqliteJournal.open(tmp_path / "j.sqlite", options)
    second = await SqliteJournal.open(tmp_path / "j.sqlite", options)
    stop, begun = anyio.Event(), anyio.Event()
    request = ScaleRequest(service.plan, "auth")
    loop = ScaleLoop(request, service.load.opened(), first, service.ledger, service.clock, lambda _: begun.set(), stop)
    other = ScaleLoop(request, service.load.opened(), second, service.ledger, service.clock, lambda _: None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(loop.run)
        await begun.wait()
        with pytest.raises(RefusedError, match="another outgrow scales auth"):
            await other.run()
        shadow = ScaleLoop(
            replace(request, mode=Mode.SHADOW, once=True),
            service.load.opened(),
            second,
            service.ledger,
            service.clock,
            lambda _: None,
        )
        await shadow.run()
        stop.set()

    await first.aclose()
    await second.aclose()


async def test_a_lease_that_was_lost_ends_the_loop(service: Service) -> None:
    class Lost:
        async def still_held(self) -> bool:
            return False

        async def release(self) -> None:
            """Have nothing to give back."""

    class Leasing(MemoryJournal):
        async def lease(self, name: str) -> Any:
            return Lost()

    loop = ScaleLoop(
        ScaleRequest(service.plan, "auth"),
        service.load.opened(),
        Leasing(),
        service.ledger,
        service.clock,
        lambda _: None,
    )

    with pytest.RaisesGroup(pytest.RaisesExc(RefusedError, match="was lost")):
        await loop.run()
    assert service.ledger.orders == []


async def test_a_service_without_a_policy_is_told(service: Service) -> None:
    declared = service.plan.services["auth"].model_copy(update={"scaling": None})
    service.plan = service.plan.model_copy(update={"services": {"auth": declared}})

    with pytest.raises(UsageError, match=r"services\.auth has no scaling"):
        await service.once()


async def test_a_memory_of_another_kind_of_policy_begins_afresh(service: Service) -> None:
    await service.once()
    (step,) = await service.steps()
    stranger = replace(step, state={"policy": "crystal ball", "memory": {}})

    policy = ScaleRequest(service.plan, "auth").policy

    assert resumed(policy, [stranger]) == resumed(policy, [])


async def test_start_ups_are_noted_once_for_each_replica(service: Service) -> None:
    service.load.value = 140.0
    for _ in range(4):
        await service.once()

    events = await service.journal.events(kinds=[EventKind.START_UP])

    assert sorted(each.detail["replica"] for each in events) == ["auth-1", "auth-2", "auth-3"]


async def test_a_loop_keeps_its_journal_within_its_retention(service: Service) -> None:
    service.journal = MemoryJournal(JournalOptions.model_validate({"keep_raw": "1d"}))
    service.load.value = 140.0
    for _ in range(3):
        await service.once()
    assert len(await service.steps()) == 3

    await service.once(after=2 * 86_400)

    assert len(await service.steps()) == 1
    texts = [each.detail["text"] for each in await service.journal.events(kinds=[EventKind.SCALING])]
    assert texts == ["1 -> 3 (target)", "1 -> 3: done", "3 -> 3 (target)"]


async def test_an_imagined_start_up_is_not_measured(service: Service) -> None:
    target = DryRunTarget(kind="dry_run", start_up=Duration.parse("10s"))
    service.actuator = DryRun("auth", target, service.clock)
    service.load.value = 140.0
    await service.once()

    view = await service.once()

    assert view.replicas is not None
    assert view.replicas.ready == 3
    assert not await service.journal.events(kinds=[EventKind.START_UP])


_LOOP = """
    import asyncio, sys
    from datetime import timedelta
    from pathlib import Path
    from outgrow.control.scale import ScaleLoop
    from outgrow.control.scale_view import ScaleRequest
    from outgrow.journal.sqlite import SqliteJournal
    from outgrow.plan import JournalOptions
    from outgrow.wiring import SYSTEM_CLOCK
    from tests.control.scaled import Ledger, Load, plan
    async def main():
        folder = Path(sys.argv[1])
        declared = plan(behavior={"up": {"rates": [{"pods": 1, "per": "10s"}]}, "down": {"window": "1m"}})
        auth = declared.services["auth"].model_copy(update={"decide_every": timedelta(seconds=0.05)})
        declared = declared.model_copy(update={"services": {"auth": auth}})
        journal = await SqliteJournal.open(folder / "j.sqlite", JournalOptions())
        load = Load(0.0, folder / "load")
        loop = ScaleLoop(ScaleRequest(declared, "auth"), load.opened(), journal, Ledger(folder, SYSTEM_CLOCK),
                         SYSTEM_CLOCK, lambda view: (folder / "alive").touch())
        await loop.run()
    asyncio.run(main())
"""


def _killed_after(folder: Path, seconds: float) -> None:
    top = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{top}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    (folder / "alive").unlink(missing_ok=True)
    command = [sys.executable, "-c", textwrap.dedent(_LOOP), str(folder)]
    child = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (folder / "alive").exists() and time.monotonic() < deadline:
        assert child.poll() is None, child.stderr and child.stderr.read().decode()
        time.sleep(0.002)
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.communicate()


async def test_killed_at_random_moments_it_neither_acts_twice_nor_forgets(tmp_path: Path) -> None:
    drawn = Random(11)
    ledger, began = Ledger(tmp_path, Clock()), time.monotonic()
    for number in range(6):
        # Much load at first, then hardly any: a window of a minute holds the replicas through every restart.
        (tmp_path / "load").write_text("5000" if number < 3 else "1")
        _killed_after(tmp_path, drawn.uniform(0, 0.3))
    elapsed = time.monotonic() - began

    orders = ledger.orders
    ups = [order for order in orders if order[1] > order[0]]
    assert ups, "something was ordered"
    # One replica in ten seconds, whoever asks and however often it was killed.
    assert len(ups) <= 1 + elapsed / 10
    assert all(after == before + 1 for before, after in ups)
    assert elapsed > 55 or not [order for order in orders if order[1] < order[0]], "the window is remembered"
    journal = await SqliteJournal.open(tmp_path / "j.sqlite", JournalOptions())
    steps = steps_in(await journal.events(), "auth", Mode.ACT)
    await journal.aclose()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    policy = plan(behavior={"up": {"rates": [{"pods": 1, "per": "10s"}]}, "down": {"window": "1m"}})
    assert all(each.is_same for each in repeated(ScaleRequest(policy, "auth").policy, steps))
