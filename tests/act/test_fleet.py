"""What the life of replicas withstands, on a host and a clock of the test's own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from outgrow.act._fleet import Fleet
from outgrow.act._fleet_state import StateFile
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import ReplicaPhase
from outgrow.plan.run_targets import Readiness, Stopping

START = datetime(2026, 11, 21, tzinfo=UTC)


class SetClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = START

    def now(self):
        return self.at


@dataclass
class Shed:
    """A host whose replicas are names in a set; what it cannot do is said by name."""

    alive: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    starts: int = 0
    is_full: bool = False
    is_stubborn: bool = False
    is_unwell: bool = False

    async def place(self, name, taken):
        return ""

    async def start(self, name, token, address):
        self.starts += 1
        if self.is_full:
            raise ActuatorError(Failure.NOT_ACCEPTED, f"no room for {name}")
        self.alive.add(name)
        return {"name": name}

    async def find(self, token):
        return None

    async def address(self, handle):
        return f"127.0.0.1:{9000 + int(handle['name'].rpartition('-')[2])}"

    async def ended(self, kept):
        name = kept.replica.name
        if name in self.unseen:
            raise ActuatorError(Failure.UNREACHABLE, f"{name} cannot be looked at")
        return None if name in self.alive else "it is gone"

    async def healthy(self, handle):
        return not self.is_unwell

    async def ask_to_end(self, kept):
        self.asked.append(kept.replica.name)
        if not self.is_stubborn:
            self.alive.discard(kept.replica.name)

    async def force(self, kept):
        self.alive.discard(kept.replica.name)

    async def aclose(self):
        """Hold nothing."""


@dataclass
class Front:
    """A balancer that refuses while it is told to."""

    told: list[list[str]] = field(default_factory=list)
    refuses: bool = False

    async def spread_over(self, addresses):
        if self.refuses:
            raise ActuatorError(Failure.NOT_ACCEPTED, "nginx refuses")
        self.told.append(list(addresses))

    async def in_flight(self, address):
        return 0

    async def put_away(self):
        """Be nothing."""

    async def aclose(self):
        """Hold nothing."""


@dataclass
class World:
    fleet: Fleet
    host: Shed
    front: Front
    clock: SetClock

    async def tend(self, times: int = 1, each: float = 1.0) -> list[str]:
        """Tend so often; give what went wrong, in words."""
        wrong: list[str] = []
        for _ in range(times):
            try:
                await self.fleet.tend()
            except ActuatorError as error:
                wrong.append(error.what)
            self.clock.at += timedelta(seconds=each)
        return wrong

    async def ready(self) -> int:
        return (await self.fleet.replicas()).ready


@pytest.fixture
async def world(tmp_path):
    host, front, clock = Shed(), Front(), SetClock()
    stop = Stopping.model_validate({"drain": "5s", "grace": "5s"})
    ready = Readiness.model_validate({"every": "100ms", "within": "10s"})
    fleet = Fleet("web", host, StateFile(tmp_path, "web"), ready, stop, clock, balancer=front)
    yield World(fleet, host, front, clock)
    await fleet.aclose()


async def scaled(world: World, count: int) -> None:
    await world.fleet.scale_to(count)
    await world.tend(3)
    assert await world.ready() == count


async def test_one_replica_that_cannot_be_looked_at_holds_no_other_up(world):
    await scaled(world, 3)
    world.host.unseen = {"web-1"}
    world.host.alive.discard("web-2")

    wrong = await world.tend(4)

    world.host.unseen = set()
    assert wrong[0].startswith("web-2 failed: it is gone; another is started in its place now; web-1 cannot be")
    assert set(wrong[1:]) == {"web-1 cannot be looked at"}
    assert await world.ready() == 3
    assert "web-4" in world.host.alive


async def test_a_dead_replica_is_replaced_though_nginx_cannot_be_told(world):
    await scaled(world, 2)
    world.front.refuses = True
    world.host.alive.discard("web-1")

    wrong = await world.tend(4)

    assert all("nginx refuses" in each for each in wrong)
    assert world.host.alive == {"web-2", "web-3"}
    world.front.refuses = False
    assert await world.tend(1) == []
    assert world.front.told[-1] == ["127.0.0.1:9002", "127.0.0.1:9003"]


async def test_a_replica_that_leaves_is_not_ended_while_nginx_still_sends_it_requests(world):
    await scaled(world, 3)
    world.front.refuses = True
    with pytest.raises(ActuatorError, match="nginx refuses"):
        await world.fleet.scale_to(1)

    await world.tend(20)

    assert world.host.asked == []
    world.front.refuses = False
    await world.tend(3)
    assert sorted(world.host.asked) == ["web-2", "web-3"]
    assert world.host.alive == {"web-1"}


async def test_what_cannot_be_started_is_tried_again_ever_more_slowly(world):
    world.host.is_full = True
    with pytest.raises(ActuatorError, match="no room"):
        await world.fleet.scale_to(1)

    await world.tend(300, each=0.2)

    assert world.host.starts <= 7  # within a minute: at once, then after 0, 1, 5, 10, 20 and 40 s
    world.host.is_full = False
    await world.tend(100)
    assert await world.ready() == 1


async def test_a_clock_that_is_set_back_ends_neither_probes_nor_pauses_nor_patience(world):
    await scaled(world, 2)
    world.clock.at -= timedelta(hours=1)
    world.host.is_unwell = True

    await world.tend(5)

    phases = {each.phase for each in (await world.fleet.replicas()).each}
    assert phases == {ReplicaPhase.UNREADY}

    world.host.is_unwell, world.host.is_stubborn = False, True
    await world.fleet.scale_to(1)
    await world.tend(2)
    world.clock.at -= timedelta(hours=1)
    await world.tend(10)
    assert len(world.host.alive) == 1

    world.host.is_full = True
    world.host.alive.clear()
    await world.tend(30)
    world.host.is_full = False
    world.clock.at -= timedelta(hours=1)
    await world.tend(3)
    assert await world.ready() == 1
