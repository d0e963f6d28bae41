"""A checkpoint's state as JSON and back, so that a latch survives in a journal."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from outgrow.facts.samples import labels_of
from outgrow.facts.verdicts import CheckpointState, ConditionState, GradeState
from outgrow.plan.grades import grade_of


def state_to_json(state: CheckpointState) -> dict[str, Any]:
    """Give everything remembered as plain JSON; times are ISO 8601 in UTC."""
    return {
        "rule_hash": state.rule_hash,
        "grades": {grade.word: _plain(each) for grade, each in state.grades.items()},
        "conditions": [
            {"condition": name, "labels": dict(labels), **_plain(each)}
            for (name, labels), each in state.conditions.items()
        ],
    }


def state_from_json(data: Mapping[str, Any]) -> CheckpointState:
    """Read back what `state_to_json` gave; what is absent takes its default, what is unknown is passed over.

    Raises:
        KeyError: a grade of that name does not exist, or a condition has no name.
        ValueError: a time is not ISO 8601.
    """
    return CheckpointState(
        grades={grade_of(word): GradeState(**_read(GradeState, each)) for word, each in data.get("grades", {}).items()},
        conditions={
            (each["condition"], labels_of(each.get("labels", {}))): ConditionState(**_read(ConditionState, each))
            for each in data.get("conditions", ())
        },
        rule_hash=data.get("rule_hash", ""),
    )


def _plain(state: GradeState | ConditionState) -> dict[str, Any]:
    values = {each.name: getattr(state, each.name) for each in fields(state)}
    return {name: _text(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _read(kind: type[GradeState | ConditionState], data: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the fields of `kind`: texts are times, the rest (booleans, None) stays."""
    values = {each.name: data[each.name] for each in fields(kind) if each.name in data}
    return {name: datetime.fromisoformat(value) if isinstance(value, str) else value for name, value in values.items()}
