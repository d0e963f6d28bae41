"""How an adapter of `observe` shows itself to the contract suite.

Each adapter has a module `tests/observe/harness_<kind>.py` with an async context manager
`exhibit(request, folder)` that gives an `Exhibit`: the adapter in front of a real system whose content is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, Labels
from outgrow.plan.signals import QuerySignal
from outgrow.ports import SignalSource


@dataclass(frozen=True)
class Exhibit:
    """A source in front of a system with known content, and what a correct adapter says of it.

    None stands for a case that the kind of source does not have.

    Attributes:
        source: the adapter.
        known: a signal that has a value now.
        value: its value; none where it cannot be known beforehand (a CPU).
        labelled: a signal with `by`, and the value of each of its label sets.
        absent: a signal without a value now, and why.
        broken: a signal that names what does not exist, and the failure.
        past: a signal that can be asked for the past, and what it was at each instant.
        only_present: a signal that cannot.
        unreachable: an adapter of the same kind with nothing at its address.
        unreachable_failure: what reading it fails with.
        hanging: an adapter of the same kind whose peer accepts and never answers; its time limit is 300 ms.
        secret: a password in use.
    """

    source: SignalSource
    known: QuerySignal
    value: float | None
    labelled: tuple[QuerySignal, Mapping[Labels, float]] | None = None
    absent: tuple[QuerySignal, Absence] | None = None
    broken: tuple[QuerySignal, Failure] | None = None
    past: tuple[QuerySignal, Mapping[datetime, float | Absence]] | None = None
    only_present: QuerySignal | None = None
    unreachable: SignalSource | None = None
    unreachable_failure: Failure = Failure.REFUSED
    hanging: SignalSource | None = None
    secret: str = ""


@dataclass(frozen=True)
class Harness:
    """Which adapter takes part; `live` when it needs a real server."""

    kind: str
    live: bool

    @property
    def module(self) -> str:
        """Where its exhibit is set up."""
        return f"tests.observe.harness_{self.kind}"


HARNESSES = (
    Harness("docker", live=True),
    Harness("http", live=False),
    Harness("mysql", live=True),
    Harness("postgres", live=True),
    Harness("process", live=False),
    Harness("prometheus", live=True),
    Harness("recorded", live=False),
    Harness("redis", live=True),
    Harness("sqlite", live=False),
)
