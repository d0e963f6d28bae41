"""Setup and teardown of a run whose shares are run far apart: taken once, by hand, and what they captured in a file.

The file is one JSON object: `schema` (`outgrow.load-values/1`), `scenario` (its name) and `values`, by the names that
texts use them by. It may hold secrets, such as a token.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, cast

from outgrow.errors import Failure, SourceError, UsageError
from outgrow.loadtest.errands import Errand, ErrandRun, refuse_failed_setup
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.requests import texts_of
from outgrow.loadtest.run import interrupts
from outgrow.loadtest.templates import Value
from outgrow.plan.places import places
from outgrow.plan.scenarios import Scenario

SCHEMA: Final = "outgrow.load-values/1"
What = Literal["setup", "teardown"]


async def take_errand(orders: ShareOrders, what: What) -> Errand:
    """Take a scenario's setup or teardown, and nothing else.

    Raises:
        UsageError: the scenario has none.
        RefusedError: the target is not near and not allowed by name.
        SourceError: a step was not done.
    """
    steps = orders.scenario.setup if what == "setup" else orders.scenario.teardown
    if not steps:
        raise UsageError(f"scenarios.{orders.name} has no {what}; there is nothing to do")
    run = await ErrandRun.prepared(orders, what, steps)
    with interrupts(run):
        errand = await run.run()
    if what == "setup":
        refuse_failed_setup(errand, orders.name)
    elif errand.failure:
        raise SourceError(Failure.BAD_ANSWER, f"scenarios.{orders.name}.{errand.failure}", "see what the target says")
    return errand


def values_text(name: str, values: Mapping[str, Value]) -> str:
    """Write what a setup captured."""
    return json.dumps({"schema": SCHEMA, "scenario": name, "values": dict(values)}, ensure_ascii=False)


def read_values(path: Path | None, name: str) -> Mapping[str, Value]:
    """Read what `values_text` wrote; nothing where there is no file.

    Raises:
        UsageError: the file cannot be read, holds something else, or belongs to another scenario.
    """
    if path is None:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}; write it with outgrow load {name} --only setup") from error
    if not isinstance(found, dict) or cast("dict[str, object]", found).get("schema") != SCHEMA:
        raise UsageError(f"{path} holds no values of a setup; write them with outgrow load {name} --only setup -o FILE")
    document = cast("dict[str, object]", found)
    if document.get("scenario") != name:
        raise UsageError(f'{path} holds the values of the scenario "{document.get("scenario")}", not of "{name}"')
    return cast("Mapping[str, Value]", document.get("values") or {})


def needed_values(scenario: Scenario) -> tuple[str, ...]:
    """Name what a scenario's steps use of what its setup captures, and capture nowhere else."""
    steps = [step for flow in scenario.every_flow.values() for step in flow.steps]
    own = {name for step in steps for name in step.captures}
    given = {name for step in scenario.setup for name in step.captures} - own
    used = (place for step in steps for text in texts_of(step) for place in places(text))
    return tuple(dict.fromkeys(place for place in used if place in given))
