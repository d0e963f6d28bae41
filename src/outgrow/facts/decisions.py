"""Decisions and events: what the journal keeps beside samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from outgrow.facts.verdicts import CheckpointState
from outgrow.plan.grades import Grade

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict as it was given, kept for ever.

    `at` is the moment judged, `recorded_at` when it was written. `state` is the latch after this decision; `evidence`
    is the JSON of the verdict as people were shown it (conditions, values, thresholds, coverage, queries).
    """

    checkpoint: str
    at: datetime
    recorded_at: datetime
    grade: Grade | None
    rule_hash: str
    state: CheckpointState
    evidence: JsonObject


class EventKind(StrEnum):
    """What happened. The first three are spans that conditions and forecasts leave out: own load does not count."""

    LOAD_TEST = "load_test"
    DEPLOYMENT = "deployment"
    MAINTENANCE = "maintenance"
    NOTE = "note"
    ACKNOWLEDGED = "acknowledged"
    DEADLINE_MET = "deadline_met"
    CHECKLIST_DONE = "checklist_done"
    PROOF = "proof"
    """What a roadmap phase's load tests proved; the subject is the phase, the detail a `facts.proofs.Proof`."""
    CAPACITY = "capacity"
    """What one replica was measured to carry; the subject is the service, or the scenario where there is none."""
    START_UP = "start_up"
    """How long a replica took from being ordered to being ready; the subject is the service."""
    SCALING = "scaling"
    """A scaling decision; the subject is the service."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `start`, or from `start` to `end`.

    `subject` names the checkpoint, phase or service that it is about.
    """

    kind: EventKind
    start: datetime
    end: datetime | None
    recorded_at: datetime
    subject: str = ""
    detail: JsonObject = field(default_factory=dict[str, Any])
