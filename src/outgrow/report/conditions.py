"""Conditions in words: the statement, what it says now, and the distance to its threshold."""

from datetime import datetime, timedelta

from outgrow.facts.samples import Labels, Measured, Missing
from outgrow.facts.verdicts import ConditionVerdict, Headroom, Held, Holding, NotHeld, Undecided
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Condition
from outgrow.plan.signals import QuerySignal
from outgrow.quantity import Unit, format_in
from outgrow.report.said import said
from outgrow.report.views import ConditionView, HeadroomView, State
from outgrow.report.words import Words

_SPARK_POINTS = 48


def statement(condition: Condition, words: Words) -> str:
    """Word a condition: `above 800 ms for 30m`."""
    text = words(f"comparison.{condition.comparison}", threshold=condition.threshold.text)
    if condition.sustained_for:
        return words("comparison.sustained", comparison=text, duration=condition.sustained_for)
    if condition.m_of_n is not None:
        return words("comparison.m_of_n", comparison=text, m_of_n=condition.m_of_n)
    return text


def state_of(holding: Holding) -> State:
    """Give the key of a holding."""
    match holding:
        case Held():
            return "held"
        case NotHeld():
            return "not_held"
        case Undecided():
            return "unknown"


def condition_view(
    plan: Plan, verdict: ConditionVerdict, condition: Condition, now: datetime, words: Words
) -> ConditionView:
    """Word one condition with its evidence."""
    signal = plan.signals[condition.signal]
    state = state_of(verdict.holding)
    deciding = next((each for each in verdict.series if each.labels == verdict.deciding), None)
    window = deciding.window if deciding else ()
    return ConditionView(
        name=verdict.name,
        signal=condition.signal,
        title=condition.title or signal.title or condition.signal,
        statement=statement(condition, words),
        state=state,
        state_word=words(f"state.{state}"),
        detail=_detail(verdict.holding, condition, now, words),
        headroom=headroom_view(verdict.headroom, condition, signal.measure, now, words),
        coverage=_coverage(verdict.holding, words),
        recent=tuple(each.value if isinstance(each, Measured) else None for each in window[-_SPARK_POINTS:]),
        threshold_value=verdict.threshold,
        query=getattr(signal.read, "query", "").strip() if isinstance(signal, QuerySignal) else "",
        labels=labels_text(verdict.deciding),
    )


def labels_text(labels: Labels) -> str:
    """Word a label set: `region=ID`."""
    return ", ".join(f"{name}={value}" for name, value in labels)


def _detail(holding: Holding, condition: Condition, now: datetime, words: Words) -> str:
    match holding:
        case Held(since=since):
            return words("condition.held_since", since=words.moment(since)) + f" ({words.span(now - since)})"
        case NotHeld(progress=progress) if progress > timedelta(0) and condition.sustained_for:
            return words(
                "condition.progress", progress=words.span(progress), needed=words.span(condition.sustained_for)
            )
        case NotHeld():
            return ""
        case Undecided(why=why, known_from=known_from):
            later = words("condition.known_from", moment=words.moment(known_from)) if known_from else ""
            return "; ".join(part for part in (said(why, words), later) if part)


def _coverage(holding: Holding, words: Words) -> str:
    coverage = holding.coverage
    return words("condition.coverage", seen=coverage.seen, expected=coverage.expected) if coverage.expected else ""


def headroom_view(
    headroom: Headroom | None, condition: Condition, unit: Unit, now: datetime, words: Words
) -> HeadroomView | None:
    """Word a headroom in the unit the threshold was written in; None where there is no value."""
    if headroom is None:
        return None
    shown_in = condition.threshold.unit
    over = headroom.absolute < 0
    if headroom.relative is not None:
        share = f"{abs(headroom.relative) * 100:.0f} %"
        text = (
            words("headroom.at")
            if headroom.absolute == 0
            else words(f"headroom.{'over' if over else 'left'}", share=share)
        )
        used = 1 - headroom.relative
    else:
        amount = format_in(abs(headroom.absolute), unit, shown_in)
        text = words(f"headroom.{'over' if over else 'left'}_absolute", amount=amount)
        used = None
    return HeadroomView(
        text=text,
        over=over,
        used=used,
        value=format_in(headroom.value, unit, shown_in),
        threshold=condition.threshold.text,
        age=words.ago(headroom.value_at, now),
    )


def reason_of(missing: Missing, words: Words) -> str:
    """Word why a sample has no value."""
    return said(missing.detail, words) or words(f"absence.{missing.absence.name.lower()}")
