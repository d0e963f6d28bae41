"""How an adapter of `act` shows itself to the contract suite.

Each adapter has a module `tests/act/harness_<kind>.py` with an async context manager `exhibit(request, folder)` that
gives an `Exhibit`: the adapter in front of a real system.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from outgrow.errors import Failure
from outgrow.facts.replicas import LEAVING, ReplicaPhase, Replicas
from outgrow.ports import Actuator

PATIENCE_SECONDS = 45.0


@dataclass
class Exhibit:
    """An actuator, and what can be done to its replicas behind its back.

    None stands for a case that the kind of target does not have.

    Attributes:
        actuator: the adapter; its service has no replicas yet.
        reopen: closes the adapter and opens another one over the same service, as after a crash.
        kill: ends a replica by force, behind the actuator's back.
        is_there: says whether a replica really exists.
        unreachable: an adapter of the same kind with nothing at its address, and the failure.
        silent: an adapter whose peer takes the call and never answers; its time limit is 300 ms.
    """

    actuator: Actuator
    reopen: Callable[[], Awaitable[Actuator]] | None = None
    kill: Callable[[str], Awaitable[None]] | None = None
    is_there: Callable[[str], bool] | None = None
    unreachable: tuple[Actuator, Failure] | None = None
    silent: Actuator | None = None
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Harness:
    """Which adapter takes part; `live` when it needs a real server."""

    kind: str
    live: bool

    @property
    def module(self) -> str:
        """Where its exhibit is set up."""
        return f"tests.act.harness_{self.kind}"


HARNESSES = (
    Harness("docker", live=True),
    Harness("dry_run", live=False),
    Harness("kubernetes", live=False),
    Harness("processes", live=False),
)


async def settled(actuator: Actuator, count: int, said: list[str] | None = None) -> Replicas:
    """Tend until exactly `count` replicas are ready and there are no others."""
    return await until(
        actuator, lambda found: found.ready == count == len(found.each) and not leaving(found), said=said
    )


async def until(actuator: Actuator, reached: Callable[[Replicas], bool], *, said: list[str] | None = None) -> Replicas:
    """Tend until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        sentences: Sequence[str] = await actuator.tend()
        if said is not None:
            said += sentences
        found = await actuator.replicas()
        if reached(found):
            return found
        assert time.monotonic() < deadline, f"{found}, {said}"
        await anyio.sleep(0.02)


def leaving(found: Replicas) -> bool:
    return any(each.phase in LEAVING for each in found.each)


def names(found: Replicas) -> set[str]:
    return {each.name for each in found.each}


def ready_names(found: Replicas) -> set[str]:
    return {each.name for each in found.each if each.phase is ReplicaPhase.READY}
