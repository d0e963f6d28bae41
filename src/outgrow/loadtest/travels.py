"""An arrival that a flow written in Python leads: each step sent as any other, the code waiting for it meanwhile."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.flights import Visit
from outgrow.loadtest.python_flows import LeftError, User, WrittenFlow, told
from outgrow.plan.suggestion import nearest_or_all


class Roads(Protocol):
    """Who sends an arrival's steps, and is told of its end."""

    def send(self, visit: Visit, due: float, released: float) -> None:
        """Send the step that the arrival stands at."""
        ...

    def rest(self, visit: Visit, due: float) -> None:
        """Wake the arrival at a moment."""
        ...

    def check(self, visit: Visit, title: str, *, passed: bool) -> None:
        """Count a check of the step that the arrival stands at."""
        ...

    def leave(self, visit: Visit, outcome: Outcome, now: float) -> None:
        """End the arrival."""
        ...


class Travel:
    """One arrival on its way; the first step that is not done ends it, whatever the code makes of that."""

    def __init__(self, visit: Visit, roads: Roads, due: float, broken: Callable[[Exception], None]) -> None:
        """Stand before the first step."""
        self._visit = visit
        self._roads = roads
        self._due = due
        self._broken = broken
        self._left: Outcome | None = None
        self._waiter: asyncio.Future[tuple[Outcome, Answer | None]] | None = None

    async def run(self, flow: WrittenFlow) -> None:
        """Let the code lead the arrival to its end."""
        visit = self._visit
        try:
            await flow(User(self, visit.values, visit.user, visit.number))
        except LeftError:
            pass
        except asyncio.CancelledError:
            self._left = self._left or Outcome.INTERRUPTED
        except Exception as error:  # noqa: BLE001 (the user's own code; the run ends with it)
            self._left = self._left or Outcome.INTERRUPTED
            fault = error if isinstance(error, UsageError) else UsageError(f"the flow {visit.flow.name}: {told(error)}")
            self._broken(fault)
        self._roads.leave(visit, self._left or Outcome.DONE, perf_counter())

    async def take(self, step: str) -> Answer:
        """Take a step."""
        visit, names = self._visit, [each.name for each in self._visit.flow.steps]
        if step not in names:
            known = nearest_or_all(step, names, "its steps are")
            raise UsageError(f'the flow {visit.flow.name} has no step "{step}"; {known}')
        visit.position = names.index(step)
        now = perf_counter()
        outcome, answer = await self._wait(lambda: self._roads.send(visit, min(self._due, now), now))
        self._due = perf_counter()
        if outcome is not Outcome.DONE or answer is None:
            self._left = self._left or outcome
            raise LeftError(outcome)
        return answer

    async def rest(self, seconds: float) -> None:
        """Pause."""
        due = perf_counter() + max(seconds, 0.0)
        await self._wait(lambda: self._roads.rest(self._visit, due))
        self._due = due

    def check(self, title: str, *, passed: bool) -> None:
        """Count a check."""
        self._roads.check(self._visit, title, passed=passed)

    def tell(self, outcome: Outcome, answer: Answer | None) -> None:
        """Let the code go on: its step has ended, or its pause."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result((outcome, answer))

    async def _wait(self, begin: Callable[[], None]) -> tuple[Outcome, Answer | None]:
        if self._left is not None:
            raise LeftError(self._left)
        if self._waiter is not None:
            raise UsageError(f"the flow {self._visit.flow.name} takes two steps at once; a user takes one at a time")
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        begin()
        return await waiter
