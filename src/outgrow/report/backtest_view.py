"""A backtest worded: one line per change of a verdict, and the same as JSON (schema `outgrow.backtest/1`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outgrow.facts.backtests import BacktestFacts
from outgrow.facts.verdicts import CheckpointVerdict
from outgrow.plan import Plan
from outgrow.report.check_json import verdict_document
from outgrow.report.conditions import condition_view
from outgrow.report.views import ConditionView
from outgrow.report.words import Words


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: when, into which grade, how long it lasted, and the conditions behind it."""

    at: datetime
    at_text: str
    grade: str
    grade_word: str
    undecided: str
    lasted: str
    conditions: tuple[ConditionView, ...]


def change_views(plan: Plan, facts: BacktestFacts, checkpoint: str, words: Words) -> Iterable[ChangeView]:
    """Word the changes of one checkpoint in time order; consecutive verdicts that look alike are one."""
    shown = _distinct(facts.changes[checkpoint])
    for index, verdict in enumerate(shown):
        until = shown[index + 1].at if index + 1 < len(shown) else facts.end
        grade = verdict.grade.word if verdict.grade is not None else "unknown"
        yield ChangeView(
            at=verdict.at,
            at_text=words.moment(verdict.at),
            grade=grade,
            grade_word=words(f"grade.{grade}"),
            undecided=", ".join(words(f"grade.{each.word}") for each in verdict.undecided),
            lasted=words.span(until - verdict.at),
            conditions=tuple(
                condition_view(plan, each, plan.checkpoints[checkpoint].conditions[letter], verdict.at, words)
                for letter, each in verdict.conditions.items()
            ),
        )


def _distinct(verdicts: Iterable[CheckpointVerdict]) -> list[CheckpointVerdict]:
    shown: list[CheckpointVerdict] = []
    for verdict in verdicts:
        if not shown or (shown[-1].grade, shown[-1].undecided) != (verdict.grade, verdict.undecided):
            shown.append(verdict)
    return shown


def backtest_document(plan: Plan, facts: BacktestFacts) -> dict[str, Any]:
    """Give a backtest as plain JSON data."""
    return {
        "schema": "outgrow.backtest/1",
        "plan": plan.name,
        "from": facts.start.isoformat(),
        "to": facts.end.isoformat(),
        "steps_seconds": {name: step.total_seconds() for name, step in facts.steps.items()},
        "checkpoints": {
            name: [verdict_document(verdict) for verdict in _distinct(changes)]
            for name, changes in facts.changes.items()
        },
        "sources": {
            name: {"failures": list(each.failures), "took_seconds": each.took.total_seconds()}
            for name, each in facts.sources.items()
        },
    }
