"""A rehearsal as JSON: schema `outgrow.rehearsal/1`. The same trace, policies and service give the same bytes.

Within version 1 keys are only added, never removed or given another meaning. Shares are 0-1, times seconds.
"""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any, Final

from outgrow.facts.scaling import ScalingDecision
from outgrow.simulate.rehearsal import Rehearsal, Rehearsed

SCHEMA: Final = "outgrow.rehearsal/1"


def rehearsal_document(found: Rehearsal, service: str, notes: Sequence[str]) -> dict[str, Any]:
    """Give the whole rehearsal as plain JSON data, without its steps (those are what `--timeline` writes)."""
    setting = found.setting
    recorded = setting.recorded or setting.trace.recorded()
    return {
        "schema": SCHEMA,
        "service": service,
        "trace": {
            "start": setting.trace.start.isoformat(),
            "interval_seconds": setting.trace.interval_seconds,
            "intervals": len(setting.trace.rates),
            "recorded": {**asdict(recorded), "peak_at": recorded.peak_at.isoformat()},
        },
        "model": asdict(setting.service),
        "terms": asdict(setting.terms),
        "hold_seconds": setting.hold.total_seconds(),
        "allowed_unserved": found.allowed,
        "notes": list(notes),
        "cost_on_spot": found.cost_on_spot(),
        "rows": [_row(found, row) for row in (*found.rows, found.feasible, found.budget)],
    }


def decision_document(decision: ScalingDecision) -> dict[str, Any]:
    """Give one decision with everything that led to it."""
    forecast = decision.forecast
    told = None if forecast is None else {**asdict(forecast), "due": forecast.due.isoformat()}
    return {**asdict(decision), "at": decision.at.isoformat(), "forecast": told}


def _row(found: Rehearsal, row: Rehearsed) -> dict[str, Any]:
    appraisal = row.appraisal
    return {
        "name": row.name,
        "part": row.part.value,
        "score": {**asdict(appraisal.score), "regret": found.regret(row)},
        "elasticity": {
            **asdict(appraisal.elasticity),
            "deviation": appraisal.elasticity.deviation,
            "speedup_over_policy": appraisal.elasticity.speedup_over(found.policy.appraisal.elasticity),
        },
        "bill": asdict(appraisal.bill),
        "latency": None
        if appraisal.latency is None
        else {key: value if isfinite(value) else None for key, value in asdict(appraisal.latency).items()},
        "gap": row.gap,
        "left_out": list(row.left_out),
        "replicas": {
            "bounds": None if row.bounds is None else list(row.bounds),
            "lowest": min(row.timeline.ordered),
            "highest": max(row.timeline.ordered),
            "at_maximum_seconds": row.steps_at_maximum * found.setting.service.step_seconds,
        },
    }
