"""Steps that are taken once, before a load and after it: a run of one arrival, counted apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from outgrow.errors import Failure, SourceError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.engine import Engine
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.preparation import engine_for
from outgrow.loadtest.templates import Value
from outgrow.plan.scenario_steps import Flow, ScenarioStep
from outgrow.quantity import Duration

_ONE_ARRIVAL: Final = {
    "executor": None,
    "target_rps": 1.0,
    "duration": Duration.parse("1s"),
    "ramp": Duration.parse("0"),
    "stages": (),
    "trace": None,
    "vus": None,
    "iterations": None,
    "users": 1,
    "arrivals": "even",
    "steps": (),
    "cookies": True,
}
"""What makes any scenario one of a single arrival."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What became of steps taken once: what they captured, and in words why they were not done, if so."""

    values: Mapping[str, Value]
    failure: str


class ErrandRun:
    """Steps that are about to be taken once."""

    def __init__(self, engine: Engine, what: str) -> None:
        """Keep the engine; `prepared` makes it."""
        self._engine = engine
        self._what = what

    @classmethod
    async def prepared(cls, orders: ShareOrders, what: str, steps: tuple[ScenarioStep, ...]) -> Self:
        """Look everything up; nothing is sent yet.

        Args:
            orders: of the run that they belong to.
            what: what they are called, `setup` or `teardown`.
            steps: the steps.

        Raises:
            RefusedError: the target is not near and not allowed by name.
            UsageError: a variable that the target names holds no address.
            SourceError: the target has no address, or an environment variable is not set.
        """
        once = orders.scenario.model_copy(update={**_ONE_ARRIVAL, "flows": {what: Flow(steps=steps)}})
        return cls(await engine_for(replace(orders, scenario=once), lambda _: None), what)

    @property
    def was_stopped(self) -> bool:
        """Whether someone ended it early."""
        return self._engine.is_interrupted

    async def run(self) -> Errand:
        """Take the steps, and say what became of them."""
        await self._engine.run()
        visits = self._engine.visits
        outcome = next(iter(visits.flows[0].outcomes.elements()))
        values = {name: value for name, value in visits.session(0).values.items() if name != "user"}
        return Errand(values, "" if outcome is Outcome.DONE else self._failure(outcome))

    def stop(self) -> None:
        """End early."""
        self._engine.stop()

    def _failure(self, outcome: Outcome) -> str:
        for name, step in zip(self._engine.visits.names, self._engine.visits.steps, strict=True):
            if step.outcomes.get(outcome):
                status = ", ".join(f"status {each}" for each in step.statuses)
                return f"{self._what}: the step {name} ended as {outcome}" + (f" ({status})" if status else "")
        return f"{self._what}: {outcome}"


def refuse_failed_setup(errand: Errand, name: str) -> None:
    """Let no load begin without what its setup was to prepare.

    Raises:
        SourceError: a step was not done.
    """
    if errand.failure:
        raise SourceError(
            Failure.BAD_ANSWER,
            f"scenarios.{name}.{errand.failure}; no load was sent",
            "see what the target says to that request, or mend the step",
        )
