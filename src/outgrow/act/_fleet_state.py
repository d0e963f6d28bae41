"""What must outlive outgrow of the replicas that it keeps itself: one small JSON file per service, and a lock.

The file is replaced as a whole and is on the disk before anything is done that it speaks of, so whoever opens it after
a crash finds every replica that may have been started. Only one process at a time may change it.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import LEAVING, Replica, ReplicaPhase

Handle = dict[str, Any]
"""What a host knows a replica by: a PID and its start, or a container's id. JSON."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """One replica as it is remembered.

    `token` is in the replica's own environment or labels: it proves that a process or container is this one. `handle`
    is absent between the moment a replica is ordered and the moment it was started.
    """

    replica: Replica
    token: str
    handle: Handle | None = None

    @property
    def leaves(self) -> bool:
        """Whether it no longer counts as ordered."""
        return self.replica.phase in LEAVING


@dataclass(frozen=True, slots=True)
class FleetState:
    """All that is remembered: how many are ordered, how many were ever born, and each that there is.

    `ordered` is none where nobody has ordered any since all were ended.
    `failures` counts replicas that failed in a row without one becoming ready; `not_before` is when the next may be
    tried.
    """

    ordered: int | None
    born: int = 0
    failures: int = 0
    not_before: datetime | None = None
    kept: tuple[Kept, ...] = ()

    def with_kept(self, changed: Kept) -> "FleetState":
        """Put a replica in the place of the one of its name, or add it."""
        others = [each for each in self.kept if each.replica.name != changed.replica.name]
        if len(others) == len(self.kept):
            return replace(self, kept=(*self.kept, changed))
        places = tuple(changed if each.replica.name == changed.replica.name else each for each in self.kept)
        return replace(self, kept=places)

    def without(self, name: str) -> "FleetState":
        """Forget a replica."""
        return replace(self, kept=tuple(each for each in self.kept if each.replica.name != name))


@dataclass(slots=True)
class StateFile:
    """The file of one service in a folder of its own."""

    folder: Path
    service: str
    _lock: int | None = field(default=None, init=False)

    @property
    def is_locked(self) -> bool:
        """Whether we are the process that changes it."""
        return self._lock is not None

    def read(self) -> FleetState | None:
        """Give what is remembered; none where nothing is.

        Raises:
            ActuatorError: it cannot be read, or is not ours.
        """
        try:
            return _state_of(json.loads((self.folder / "state.json").read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ActuatorError(
                Failure.BAD_ANSWER,
                f"{self.folder / 'state.json'} cannot be read: {error}",
                "put it back from a copy; without it outgrow does not know which replicas are its own",
            ) from error

    def write(self, state: FleetState) -> None:
        """Replace what is remembered; it is on the disk when this returns.

        Raises:
            ActuatorError: it cannot be written, or another process keeps this service's replicas.
        """
        self.lock()
        text = json.dumps({"version": _VERSION, "service": self.service, **_document_of(state)}, indent=1)
        fresh = self.folder / "state.json.new"
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.folder / "state.json")
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def lock(self) -> None:
        """Be the only process that changes these replicas, until `release` or the process's end.

        Raises:
            ActuatorError: another one is.
        """
        if self._lock is not None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise ActuatorError(
                Failure.CONFLICT,
                f"another process keeps the replicas of {self.service} ({self.folder})",
                "end it first, or look with --shadow",
            ) from error
        self._lock = lock

    def release(self) -> None:
        """Let another process change them."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _unwritable(folder: Path, error: OSError) -> ActuatorError:
    return ActuatorError(
        Failure.NOT_PERMITTED,
        f"{folder} cannot be written: {error.strerror or error}",
        "choose another folder for state",
    )


def _document_of(state: FleetState) -> dict[str, Any]:
    return {
        "ordered": state.ordered,
        "born": state.born,
        "failures": state.failures,
        "not_before": _text(state.not_before),
        "replicas": [
            {
                "token": each.token,
                "handle": each.handle,
                **{name: _text(value) for name, value in asdict(each.replica).items()},
            }
            for each in state.kept
        ],
    }


def _state_of(document: dict[str, Any]) -> FleetState:
    if document["version"] != _VERSION:
        raise ValueError(f"its version is {document['version']}")
    return FleetState(
        None if document["ordered"] is None else int(document["ordered"]),
        int(document["born"]),
        int(document["failures"]),
        _moment(document["not_before"]),
        tuple(
            Kept(
                Replica(
                    each["name"],
                    ReplicaPhase(each["phase"]),
                    each["address"],
                    _moment(each["since"]),
                    _moment(each["ordered_at"]),
                    _moment(each["ready_at"]),
                    each["why"],
                ),
                each["token"],
                cast("Handle | None", each["handle"]),
            )
            for each in document["replicas"]
        ),
    )


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
