"""A service to be scaled in tests: its load stands in a file, and every order is written into another one."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isnan, nan
from pathlib import Path
from typing import Any

from outgrow.control.measure import OpenSource
from outgrow.errors import ActuatorError, Failure, SourceError
from outgrow.facts.replicas import Replica, ReplicaPhase, Replicas
from outgrow.facts.samples import Absence, Measured, Missing, Observation
from outgrow.plan import Plan
from outgrow.plan.file import parse_plan
from outgrow.plan.signals import QuerySignal
from outgrow.ports import Inspection

METRIC = {"kind": "external", "name": "rps", "average": 50, "signal": "rps"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def plan(**scaling: Any) -> Plan:
    """Give a plan with the service auth, 50 requests a second a replica; an option that is None is left out."""
    policy: dict[str, Any] = {"policy": "hpa", "min": 1, "max": 10, "metrics": [METRIC], **scaling}
    document = {
        "outgrow": 1,
        "name": "shop",
        "sources": {"web": {"kind": "http", "url": "http://127.0.0.1:1"}},
        "signals": {
            "rps": {"source": "web", "every": "1s", "unit": "rps", "read": {"metric": "json", "json_path": "$.rps"}}
        },
        "services": {
            "auth": {
                "load": "rps",
                "decide_every": "15s",
                "runs_on": {"kind": "dry_run"},
                "capacity": 50,
                "scaling": {name: value for name, value in policy.items() if value is not None},
            }
        },
    }
    return parse_plan(json.dumps(document), "plan.yaml").plan


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Load:
    """A source of signals whose one value is set by hand, or read from a file at every look."""

    def __init__(self, value: float | SourceError, file: Path | None = None) -> None:
        self.value, self.file, self.age = value, file, timedelta(0)

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        value = float(self.file.read_text()) if self.file is not None else self.value
        if isinstance(value, SourceError):
            raise value
        at = now - self.age
        if isnan(value):
            return (Observation((), Missing(at, Absence.NOT_A_NUMBER, "NaN", now)),)
        return (Observation((), Measured(at, value, now)),)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        raise NotImplementedError

    def answers_past(self, signal: QuerySignal) -> str:
        return "it has none"

    async def inspect(self) -> Inspection:
        return Inspection("1")

    async def aclose(self) -> None:
        """Hold nothing."""

    def opened(self) -> dict[str, OpenSource | SourceError]:
        return {"web": OpenSource("web", "http", timedelta(seconds=1), self)}


class Ledger:
    """An actuator whose replicas are a number in a file; every order that changes it is a line of another file.

    Attributes:
        refuses: the failure of every order, if any.
        blind: the failure of every look, if any.
        lies: what it says is ordered, whatever is.
    """

    def __init__(self, folder: Path, clock: Any) -> None:
        self.folder, self.clock = folder, clock
        self.refuses: ActuatorError | None = None
        self.blind: ActuatorError | None = None
        self.lies: int | None = None
        if not (folder / "ordered").exists():
            (folder / "ordered").write_text("1")

    @property
    def ordered(self) -> int:
        return int((self.folder / "ordered").read_text())

    @property
    def orders(self) -> list[tuple[int, int]]:
        """Every change that was ordered, from and to."""
        file = self.folder / "orders"
        return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []

    async def replicas(self) -> Replicas:
        if self.blind is not None:
            raise self.blind
        ordered = self.ordered if self.lies is None else self.lies
        early = self.clock.now() - timedelta(hours=1)
        each = [
            Replica(f"auth-{number + 1}", ReplicaPhase.READY, "", early, early, early) for number in range(self.ordered)
        ]
        return Replicas(ordered, tuple(each))

    async def scale_to(self, count: int) -> None:
        if self.refuses is not None:
            raise self.refuses
        before = self.ordered
        if before == count:
            return
        with (self.folder / "orders").open("a") as file:
            file.write(json.dumps([before, count]) + "\n")
        fresh = self.folder / "ordered.new"
        fresh.write_text(str(count))
        fresh.replace(self.folder / "ordered")

    async def tend(self) -> Sequence[str]:
        return ()

    async def put_away(self) -> None:
        """Have nothing to put away."""

    async def aclose(self) -> None:
        """Hold nothing."""


def refusal(what: str = "a quota stands against it") -> ActuatorError:
    return ActuatorError(Failure.NOT_ACCEPTED, what, "look at it")


NOT_A_NUMBER = nan
