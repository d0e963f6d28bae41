"""The roadmap as JSON: schema `outgrow.roadmap/1`, documented in docs/how-to/prove-a-phase.md.

Within version 1 keys are only added, never removed or given another meaning.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from outgrow.decide.phase_proofs import PhaseStanding, baseline_standing, standing
from outgrow.facts.decisions import Event
from outgrow.plan import Plan
from outgrow.plan.roadmap import Phase, Roadmap

SCHEMA: Final = "outgrow.roadmap/1"


def roadmap_document(plan: Plan, roadmap: Roadmap, events: Sequence[Event], now: datetime) -> dict[str, Any]:
    """Give where every phase stands as plain JSON data; times are ISO 8601 in UTC, spans are seconds.

    A phase's `proof` is its newest, whole, as `outgrow verify --json` gave it; null where it was never run.
    """
    return {
        "schema": SCHEMA,
        "plan": plan.name,
        "at": now.isoformat(),
        "current": roadmap.current,
        "baseline": None if roadmap.baseline is None else _stands(baseline_standing(events)),
        "phases": [_phase(each, standing(plan, each, events, now)) for each in roadmap.phases],
    }


def _phase(phase: Phase, found: PhaseStanding) -> dict[str, Any]:
    lead = None if phase.lead_time is None else phase.lead_time.total_seconds()
    return {"name": phase.name, "title": phase.title, "lead_time_seconds": lead, **_stands(found)}


def _stands(found: PhaseStanding) -> dict[str, Any]:
    return {
        "state": str(found.state),
        "why": None if found.why is None else str(found.why),
        "measured_at": None if found.at is None else found.at.isoformat(),
        "proof": None if found.event is None else dict(found.event.detail),
    }
