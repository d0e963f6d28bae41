"""Replicas of a service as an actuator found them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReplicaPhase(StrEnum):
    """Where a replica is in its life."""

    STARTING = "starting"
    """Ordered, and not ready yet."""
    READY = "ready"
    """Answers, and gets requests."""
    UNREADY = "unready"
    """Was ready once and does not answer now; gets no requests."""
    FAILED = "failed"
    """Ended by itself, or was not ready in time; another is started in its place."""
    DRAINING = "draining"
    """Gets no new requests and finishes the running ones; it no longer counts as ordered."""
    STOPPING = "stopping"
    """Was asked to end."""


LEAVING = frozenset({ReplicaPhase.DRAINING, ReplicaPhase.STOPPING})
"""The phases of replicas that are on their way out."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica.

    `name` is never used again for another one. `address` is `HOST:PORT`, empty where it has none of its own or it is
    not known yet. `since` is when its phase began, `ordered_at` when it was asked for, `ready_at` when it was ready for
    the first time; each absent where the actuator cannot know. `why` says more of a phase (`exit code 1`).
    `began_at` is when its processes began to run, where the target tells a replica that runs and is not ready from one
    that waits for its place.
    """

    name: str
    phase: ReplicaPhase
    address: str = ""
    since: datetime | None = None
    ordered_at: datetime | None = None
    ready_at: datetime | None = None
    why: str = ""
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replicas:
    """The replicas of a service: how many were last ordered, and each that there is, the leaving ones too.

    `counted` is how many of them the target itself counts, where ended ones stay in its list. `imagined` says that
    nothing of them is real, so that nothing of them is measured either.
    """

    ordered: int
    each: tuple[Replica, ...] = ()
    counted: int | None = None
    imagined: bool = False

    @property
    def ready(self) -> int:
        """How many get requests."""
        return sum(replica.phase is ReplicaPhase.READY for replica in self.each)

    @property
    def present(self) -> int:
        """How many there are that are not on their way out."""
        if self.counted is not None:
            return self.counted
        return sum(replica.phase not in LEAVING for replica in self.each)
