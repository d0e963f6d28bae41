"""A check as JSON: schema `outgrow.check/1`, documented in docs/reference/check-json.md.

Within version 1 keys are only added, never removed or given another meaning.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from outgrow.facts.checks import CheckFacts
from outgrow.facts.forecasts import CheckpointForecast, Dated, Undated
from outgrow.facts.samples import Measured, Missing, Sample
from outgrow.facts.verdicts import CheckpointVerdict, ConditionVerdict, Held, Holding, NotHeld, Undecided
from outgrow.plan import Plan
from outgrow.plan.signals import QuerySignal, signal_hash
from outgrow.report.views import CheckView

SCHEMA: Final = "outgrow.check/1"
_WINDOW_POINTS = 120


def check_document(plan: Plan, facts: CheckFacts, view: CheckView) -> dict[str, Any]:
    """Give the whole check as plain JSON data; times are ISO 8601 in UTC, spans are seconds."""
    return {
        "schema": SCHEMA,
        "plan": plan.name,
        "at": _time(facts.at),
        "headline": view.headline,
        "took_seconds": round(facts.measurement.took.total_seconds(), 3),
        "checkpoints": [
            {
                "name": each.name,
                "title": each.title,
                **verdict_document(facts.verdicts[each.name]),
                "forecast": _forecast(facts.forecasts.get(each.name)),
                "changes": list(each.changes),
                "checklist": list(each.checklist),
                "owner": each.owner,
            }
            for each in view.checkpoints
        ],
        "signals": {
            name: {
                "unit": plan.signals[name].unit,
                "hash": signal_hash(name, plan.signals),
                "query": _query(plan, name),
                "failure": fact.failure,
                "no_past": fact.no_past,
                "notes": list(fact.notes),
                "series": [
                    {"labels": dict(labels), "samples": len(samples), "last": _sample(samples[-1]) if samples else None}
                    for labels, samples in fact.series.items()
                ],
            }
            for name, fact in facts.measurement.signals.items()
        },
        "levels": [asdict(each) for each in view.levels],
        "alerts": [{"name": name, **_condition(each.verdict)} for name, each in facts.alerts.items()],
        "sources": [
            {
                "name": each.name,
                "kind": each.kind,
                "signals": each.signals,
                "took_seconds": round(each.took.total_seconds(), 3),
                "failures": list(each.failures),
                "version": each.version,
                "clock_skew_seconds": _seconds(each.clock_skew),
                "notes": list(each.notes),
            }
            for each in facts.measurement.sources.values()
        ],
        "own_load": [
            {"kind": each.kind.value, "start": _time(each.start), "end": _time(each.end)} for each in facts.events
        ],
        "journal": facts.journal,
        "notes": list(view.notes),
    }


def verdict_document(verdict: CheckpointVerdict) -> dict[str, Any]:
    """Give one verdict with its evidence as plain JSON data; this is also what the journal keeps of a decision."""
    return {
        "at": _time(verdict.at),
        "grade": verdict.grade.word if verdict.grade is not None else "unknown",
        "undecided": [grade.word for grade in verdict.undecided],
        "shadow": verdict.shadow,
        "latch_kept": verdict.latch_kept,
        "due": _time(verdict.due),
        "deadlines": {each.name: _time(each.at) for each in verdict.deadlines},
        "rule_hash": verdict.rule_hash,
        "rules": [
            {
                "grade": rule.grade.word,
                "state": _decided(rule.decided),
                "latched": rule.latched,
                "since": _time(rule.since),
                "first_confirmed": _time(rule.first_confirmed),
                "unknown_since": _time(rule.unknown_since),
                "due": _time(rule.due),
                "review": _time(rule.review),
                "why": rule.why,
            }
            for rule in verdict.rules
        ],
        "conditions": [_condition(each) for each in verdict.conditions.values()],
    }


def _condition(verdict: ConditionVerdict) -> dict[str, Any]:
    return {
        "condition": verdict.name,
        "signal": verdict.signal,
        "threshold": verdict.threshold,
        **_holding(verdict.holding),
        "deciding": dict(verdict.deciding),
        "headroom": _headroom(verdict),
        "series": [
            {
                "labels": dict(each.labels),
                **_holding(each.holding),
                "last": _sample(each.last) if each.last else None,
                "window": [_sample(sample) for sample in each.window[-_WINDOW_POINTS:]],
            }
            for each in verdict.series
        ],
    }


def _headroom(verdict: ConditionVerdict) -> Mapping[str, Any] | None:
    headroom = verdict.headroom
    if headroom is None:
        return None
    return {
        "absolute": headroom.absolute,
        "relative": headroom.relative,
        "value": headroom.value,
        "value_at": _time(headroom.value_at),
    }


def _holding(holding: Holding) -> dict[str, Any]:
    coverage = {"seen": holding.coverage.seen, "expected": holding.coverage.expected}
    match holding:
        case Held():
            return {
                "state": "held",
                "since": _time(holding.since),
                "confirmed": _time(holding.confirmed),
                "coverage": coverage,
            }
        case NotHeld():
            return {"state": "not held", "progress_seconds": holding.progress.total_seconds(), "coverage": coverage}
        case Undecided():
            return {
                "state": "unknown",
                "why": holding.why,
                "progress_seconds": holding.progress.total_seconds(),
                "known_from": _time(holding.known_from),
                "coverage": coverage,
            }


def _sample(sample: Sample) -> dict[str, Any]:
    match sample:
        case Measured():
            extra = {"n": sample.n} if sample.n is not None else {}
            newest = {"newest": _time(sample.newest)} if sample.newest is not None else {}
            return {"at": _time(sample.at), "value": sample.value, **extra, **newest, "origin": sample.origin.value}
        case Missing():
            return {"at": _time(sample.at), "value": None, "missing": sample.absence.value, "detail": sample.detail}


def _forecast(forecast: CheckpointForecast | None) -> list[dict[str, Any]]:
    grades: list[dict[str, Any]] = []
    for each in forecast.grades if forecast else ():
        match each.date:
            case Dated() as dated:
                dates = {
                    "date": dated.day.isoformat(),
                    "earliest": dated.earliest.isoformat(),
                    "latest": dated.latest.isoformat() if dated.latest else None,
                }
            case Undated() as undated:
                dates = {
                    "date": None,
                    "because": [{"condition": why.condition, "reason": why.reason.value} for why in undated.because],
                    "not_before": undated.not_before.isoformat() if undated.not_before else None,
                }
        start_by = each.start_by.isoformat() if each.start_by else None
        grades.append({"grade": each.grade.word, **dates, "start_by": start_by, "overdue": each.overdue})
    return grades


def _query(plan: Plan, name: str) -> Any:
    signal = plan.signals[name]
    return signal.read.model_dump(mode="json", exclude_none=True) if isinstance(signal, QuerySignal) else None


def _decided(decided: bool | None) -> str:  # noqa: FBT001 (three-valued)
    return "unknown" if decided is None else "held" if decided else "not held"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
