"""Decisions and events as JSON records, the same on every adapter, with an exact way back."""

import json
from dataclasses import dataclass
from datetime import datetime

from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.states import state_from_json, state_to_json
from outgrow.journal._text import digest, json_text, plain
from outgrow.journal._time import microseconds, optional_microseconds
from outgrow.plan.grades import grade_of


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision as columns: times as datetimes, the grade by its word (none for unknown), the rest as JSON text."""

    digest: bytes
    checkpoint: str
    at: datetime
    recorded_at: datetime
    grade: str | None
    rule_hash: str
    state: str
    evidence: str


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as columns."""

    digest: bytes
    kind: str
    start: datetime
    end: datetime | None
    recorded_at: datetime
    subject: str
    detail: str


def decision_record(decision: Decision) -> DecisionRecord:
    """Turn a decision into columns.

    Raises:
        ValueError: the evidence holds NaN or infinity.
        TypeError: the evidence holds what JSON does not have.
    """
    grade = None if decision.grade is None else decision.grade.word
    state, evidence = json_text(state_to_json(decision.state)), json_text(decision.evidence)
    at, recorded_at = microseconds(decision.at), microseconds(decision.recorded_at)
    mark = digest(decision.checkpoint, at, recorded_at, grade, decision.rule_hash, state, evidence)
    return DecisionRecord(
        mark, decision.checkpoint, decision.at, decision.recorded_at, grade, decision.rule_hash, state, evidence
    )


def decision_of(record: DecisionRecord) -> Decision:
    """Turn columns back into the decision."""
    return Decision(
        checkpoint=record.checkpoint,
        at=record.at,
        recorded_at=record.recorded_at,
        grade=None if record.grade is None else grade_of(record.grade),
        rule_hash=record.rule_hash,
        state=state_from_json(json.loads(record.state)),
        evidence=json.loads(record.evidence),
    )


def event_record(event: Event) -> EventRecord:
    """Turn an event into columns.

    Raises:
        ValueError: the detail holds NaN or infinity.
        TypeError: the detail holds what JSON does not have.
    """
    subject, detail = plain(event.subject), json_text(event.detail)
    times = microseconds(event.start), optional_microseconds(event.end), microseconds(event.recorded_at)
    mark = digest(event.kind.value, *times, subject, detail)
    return EventRecord(mark, event.kind.value, event.start, event.end, event.recorded_at, subject, detail)


def event_of(record: EventRecord) -> Event:
    """Turn columns back into the event."""
    return Event(
        kind=EventKind(record.kind),
        start=record.start,
        end=record.end,
        recorded_at=record.recorded_at,
        subject=record.subject,
        detail=json.loads(record.detail),
    )
