"""Expectations of a plan's tests: compared with a verdict, both put into the same words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from outgrow.decide.follow import Answer
from outgrow.decide.rules import answer_of
from outgrow.facts.verdicts import CheckpointVerdict, Held, Holding, NotHeld, RuleVerdict
from outgrow.plan.grades import Grade
from outgrow.plan.tests import Expectation, When
from outgrow.quantity import Duration, format_duration


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that was not as expected, `at` counted from the test's start; `why` is what the plan says to it."""

    at: timedelta
    checkpoint: str
    what: str
    expected: str
    found: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """From `at` on (counted from the test's start) a grade is shown; None is unknown."""

    at: timedelta
    grade: Grade | None


def compared(expected: Expectation, verdict: CheckpointVerdict, start: datetime) -> Iterator[Mismatch]:
    """Give everything that is looked at, with what was expected and what was found in the same words."""

    def of(what: str, wanted: str, found: str, why: str = "") -> Mismatch:
        return Mismatch(expected.at, verdict.checkpoint, what, wanted, found, why)

    rules = {rule.grade: rule for rule in verdict.rules}
    if expected.grade is not None:
        yield of("grade", _word(grade_of_word(expected.grade)), _word(verdict.grade), _reasons(verdict))
    if expected.undecided is not None:
        yield of("undecided", _words(expected.undecided), _words(verdict.undecided))
    for name, answered in expected.conditions.items():
        found = _said(verdict.conditions[name].holding)
        yield of(f"condition {name}", answered, found, _why(verdict.conditions[name].holding))
    for grade, wanted in expected.rules.items():
        yield of(f"rule {grade.word}", wanted, _ruled(rules[grade]), rules[grade].why)
    if expected.due is not None:
        yield of("due", *_times(expected.due, verdict.due, start, verdict.at))
    if expected.review is not None:
        shown = rules.get(verdict.grade) if verdict.grade is not None else None
        open_reviews = [rule.review for rule in verdict.rules if rule.review is not None]
        review = shown.review if shown is not None and shown.review is not None else min(open_reviews, default=None)
        yield of("review", *_times(expected.review, review, start, verdict.at))
    if expected.deadlines is not None:
        dated = {each.name: each.at for each in verdict.deadlines}
        for name in sorted({*expected.deadlines, *dated}):
            yield of(
                f"deadline {name}", *_times(expected.deadlines.get(name, "none"), dated.get(name), start, verdict.at)
            )


def timeline_mismatches(checkpoint: str, wanted: Sequence[Shown], found: Sequence[Shown]) -> Iterator[Mismatch]:
    """Give one mismatch, at the first moment at which two lines of shown grades part; none when they are the same."""
    if tuple(wanted) == tuple(found):
        return
    first = next(
        (index for index, (one, other) in enumerate(zip(wanted, found, strict=False)) if one != other),
        min(len(wanted), len(found)),
    )
    at = min(each[first].at for each in (wanted, found) if first < len(each))
    yield Mismatch(at, checkpoint, "timeline", _line(wanted), _line(found))


def _line(shown: Sequence[Shown]) -> str:
    return ", ".join(f"{format_duration(each.at)} {_word(each.grade)}" for each in shown)


def grade_of_word(grade: Grade | Literal["unknown"] | None) -> Grade | None:
    """Give the shown grade that an expectation names, None for unknown."""
    return grade if isinstance(grade, Grade) else None


def _word(grade: Grade | None) -> str:
    return "unknown" if grade is None else grade.word


def _words(grades: Sequence[Grade]) -> str:
    return ", ".join(grade.word for grade in sorted(grades)) or "none"


def _said(holding: Holding) -> str:
    return {Answer.YES: "held", Answer.NO: "not held", Answer.UNKNOWN: "unknown"}[answer_of(holding)]


def _why(holding: Holding) -> str:
    match holding:
        case Held():
            return ""
        case NotHeld(progress=progress):
            return f"satisfied for {format_duration(progress)}" if progress else ""
        case _:
            return holding.why


def _ruled(rule: RuleVerdict) -> str:
    if rule.latched:
        return "latched"
    return "unknown" if rule.decided is None else "held" if rule.decided else "not held"


def _reasons(verdict: CheckpointVerdict) -> str:
    conditions = ", ".join(f"{name} {_said(each.holding)}" for name, each in verdict.conditions.items())
    open_rules = "; ".join(f"{rule.grade.word} unknown: {rule.why}" for rule in verdict.rules if rule.decided is None)
    return "; ".join(part for part in (conditions, open_rules) if part)


def _times(wanted: When, found: datetime | None, start: datetime, now: datetime) -> tuple[str, str]:
    """Word two times alike: the expected one as it was written, the found one the same way."""
    if wanted == "now":
        has_come = found is not None and found <= now
        return "now", "now" if has_come else _since(found, start)
    if isinstance(wanted, datetime):
        return wanted.isoformat(), "none" if found is None else found.astimezone(wanted.tzinfo).isoformat()
    if isinstance(wanted, Duration):
        return _since(start + wanted, start), _since(found, start)
    return "none", _since(found, start)


def _since(moment: datetime | None, start: datetime) -> str:
    """Show a moment exactly, as counted from the start."""
    return "none" if moment is None else str(Duration.of(moment - start)) if moment >= start else moment.isoformat()
