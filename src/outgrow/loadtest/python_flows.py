"""Flows whose order is written in Python: `async def buyer(user)`, over the same connections and accounting."""

import importlib.util
import inspect
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from traceback import extract_tb
from typing import Any, Protocol

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.templates import Value
from outgrow.plan.json_path import Json


class LeftError(Exception):
    """A step was not done, so the arrival ends; flows let this pass."""

    def __init__(self, outcome: Outcome) -> None:
        """Keep what became of the step."""
        super().__init__(str(outcome))
        self.outcome = outcome


class Travels(Protocol):
    """What a written flow asks of the generator."""

    async def take(self, step: str) -> Answer:
        """Take a step."""
        ...

    async def rest(self, seconds: float) -> None:
        """Pause."""
        ...

    def check(self, title: str, *, passed: bool) -> None:
        """Count a check."""
        ...


class User:
    """A session on its way through a flow written in Python.

    `number` is the session's, `arrival` the arrival's; `values` is what the texts of steps are filled with.
    """

    def __init__(self, travels: Travels, values: dict[str, Value], number: int, arrival: int) -> None:
        """Begin before the first step."""
        self.number = number
        self.arrival = arrival
        self.values = values
        self._travels = travels

    async def step(self, name: str, **values: Json) -> Answer:
        """Take a step of the flow, as the plan has it, and give its answer.

        Args:
            name: the step's name in the plan.
            values: what its texts are filled with, beside what there is; kept for later steps. What is neither text
                nor whole number is written as JSON.

        Raises:
            LeftError: it was not done; the arrival ends.
        """
        self.values.update((each, _as_value(value)) for each, value in values.items())
        return await self._travels.take(name)

    async def think(self, seconds: float) -> None:
        """Pause; the next step is due when the pause ends."""
        await self._travels.rest(seconds)

    def check(self, title: str, passed: object) -> None:
        """Count a check of the last answer, under its step; a failed one does not end the arrival."""
        self._travels.check(title, passed=bool(passed))


def _as_value(value: Json) -> Value:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else json.dumps(value)


WrittenFlow = Callable[[User], Awaitable[Any]]


def written_flow(named: str, base: Path, place: str) -> WrittenFlow:
    """Load a flow from its file.

    Args:
        named: FILE.py:FUNCTION, the file relative to the plan.
        base: the plan's folder.
        place: where it stands in the plan, for messages.

    Raises:
        UsageError: there is no such file or function, or the file cannot be run.
    """
    file, _, name = named.rpartition(":")
    path = base / file
    if not path.is_file():
        raise UsageError(f'{place}: "{path}" does not exist; write FILE.py:FUNCTION, the file relative to the plan')
    spec = importlib.util.spec_from_file_location(f"outgrow_flow_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f'{place}: "{path}" is no Python file; its name ends with .py')
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{place}: {told(error, path)}") from error
    flow = getattr(module, name, None)
    if not inspect.iscoroutinefunction(flow):
        raise UsageError(f"{place}: {file} has no such flow; write async def {name}(user): ...")
    return flow


def told(error: Exception, path: Path | None = None) -> str:
    """Say what went wrong in a user's own code, and where."""
    trace = extract_tb(error.__traceback__)
    own = [each for each in trace if path is None or Path(each.filename) == path] or list(trace)
    where = f"{Path(own[-1].filename).name}, line {own[-1].lineno}: " if own else ""
    return f"{where}{type(error).__name__}: {error}"
