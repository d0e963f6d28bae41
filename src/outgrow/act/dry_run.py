"""Replicas that exist in memory only: ordered, ready after a while, gone at once. Nothing real is touched."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from outgrow.facts.replicas import Replica, ReplicaPhase, Replicas
from outgrow.plan.run_targets import DryRunTarget
from outgrow.ports import Clock

_BEFORE: Final = timedelta(days=1)
"""How long those at the beginning have run: what a fresh process spends on starting tells nothing of its work."""


class DryRun:
    """An actuator whose replicas are imagined."""

    def __init__(self, service: str, options: DryRunTarget, clock: Clock) -> None:
        """Begin with the target's replicas, ready."""
        self._service, self._start_up, self._clock = service, options.start_up, clock
        self._born = 0
        now = clock.now()
        self._replicas = [self._new(now, ready_at=now) for _ in range(options.replicas)]

    async def replicas(self) -> Replicas:
        """Give those ordered; each is ready once its start-up time has passed."""
        now = self._clock.now()
        return Replicas(len(self._replicas), tuple(self._at(each, now) for each in self._replicas), imagined=True)

    async def scale_to(self, count: int) -> None:
        """Imagine so many; the youngest go first."""
        if count < 0:
            raise ValueError(f"{count} replicas; give 0 or more")
        now = self._clock.now()
        while len(self._replicas) < count:
            self._replicas.append(self._new(now))
        del self._replicas[count:]

    async def tend(self) -> Sequence[str]:
        """Do nothing: what is imagined does not die."""
        return ()

    async def put_away(self) -> None:
        """Do nothing: nothing was put before the replicas."""

    async def aclose(self) -> None:
        """Hold nothing open."""

    def _new(self, now: datetime, ready_at: datetime | None = None) -> Replica:
        self._born += 1
        phase = ReplicaPhase.STARTING if ready_at is None else ReplicaPhase.READY
        # Those that are there at the beginning were not ordered by anyone, so they tell no start-up time.
        ordered_at, began_at = (now, None) if ready_at is None else (None, now - _BEFORE)
        return Replica(f"{self._service}-{self._born}", phase, "", now, ordered_at, ready_at, began_at=began_at)

    def _at(self, replica: Replica, now: datetime) -> Replica:
        if replica.ready_at is not None or replica.ordered_at is None:
            return replica
        ready_at = replica.ordered_at + self._start_up
        if now < ready_at:
            return replica
        return Replica(replica.name, ReplicaPhase.READY, "", ready_at, replica.ordered_at, ready_at)
