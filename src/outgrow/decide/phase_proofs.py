"""Whether a phase is proven: its goals over all of its scenarios, and how long a proof counts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from outgrow.decide.gates import Gate, gates_of
from outgrow.decide.thresholds import judged, standing_of
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.facts.proofs import ProofVerdict, ScenarioProof, ThresholdResult, ThresholdVerdict
from outgrow.plan import Plan
from outgrow.plan.roadmap import Phase, Verify


class PhaseState(StrEnum):
    """Where a phase of the roadmap stands."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    TOO_WEAK = "generator too weak"
    OUT_OF_DATE = "out of date"
    NEVER_RUN = "never run"
    NO_VERIFY = "cannot be proven"
    """The plan does not say by which scenarios."""


@dataclass(frozen=True, slots=True)
class PhaseStanding:
    """A phase, where it stands, since when, and why."""

    phase: str
    state: PhaseState
    at: datetime | None = None
    why: str = ""


def verify_hash(plan: Plan, verify: Verify) -> str:
    """Hash everything that a proof depends on: goals, scenarios, and the figures that their names stand for."""
    scenarios = {name: plan.scenarios[name].model_dump(mode="json") for name in verify.scenarios}
    gates = [repr(gate) for gate in gates_of(plan, verify.goals)]
    gates += [repr(gate) for name in verify.scenarios for gate in gates_of(plan, plan.scenarios[name].thresholds)]
    body = [verify.model_dump(mode="json", exclude={"valid_for"}), scenarios, gates]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def scenario_proof(facts: LoadFacts, goals: Sequence[Gate], users: int) -> ScenarioProof:
    """Hold one run against the phase's goals."""
    response = facts.whole.response
    return ScenarioProof(
        scenario=facts.scenario,
        target=facts.target,
        arrivals=facts.whole.arrivals - facts.whole.outcomes.get(Outcome.NEVER_STARTED, 0),
        failed=facts.whole.failed,
        p95_seconds=None if response is None else response.p95_seconds,
        thresholds=facts.thresholds,
        goals=judged(goals, facts, users),
        too_weak=facts.health.too_weak,
        interrupted=facts.interrupted and not facts.ended_by,
    )


def goals_over(goals: Sequence[Gate], proofs: Sequence[ScenarioProof]) -> tuple[ThresholdResult, ...]:
    """Give each goal over all scenarios: what is to be reached by the best of them, what is to be kept by the worst."""
    return tuple(
        (max if _is_to_be_reached(gate) else min)(
            ([proof.goals[index] for proof in proofs if gate.judges(proof.scenario)] or [proofs[0].goals[index]]),
            key=partial(standing_of, gate),
        )
        for index, gate in enumerate(goals)
    )


def rehearsed_goals(goals: Sequence[Gate], scale: float) -> tuple[Gate, ...]:
    """Give goals for a rehearsal: a rate and a number of users are asked at the share, everything else whole."""
    return tuple(replace(gate, limit=gate.limit * scale) if _is_to_be_reached(gate) else gate for gate in goals)


def _is_to_be_reached(gate: Gate) -> bool:
    return gate.method == "peak" or gate.of == "concurrent_users"


def verdict_of(goals: Sequence[ThresholdResult], proofs: Sequence[ScenarioProof]) -> ProofVerdict:
    """Give the verdict of a phase; a generator that was too weak can prove nothing, neither way."""
    if any(proof.too_weak for proof in proofs):
        return ProofVerdict.TOO_WEAK
    every = [*goals, *(each for proof in proofs for each in proof.thresholds)]
    whole = bool(proofs) and not any(proof.interrupted for proof in proofs)
    if not every and whole:
        return ProofVerdict.RECORDED
    kept = all(each.verdict is ThresholdVerdict.PASSED for each in every)
    return ProofVerdict.PROVEN if kept and whole else ProofVerdict.NOT_PROVEN


def standing(plan: Plan, phase: Phase, events: Sequence[Event], now: datetime) -> PhaseStanding:
    """Say where a phase stands by the journal's proofs and deployments."""
    if phase.verify is None:
        return PhaseStanding(phase.name, PhaseState.NO_VERIFY, why="the plan names no scenarios")
    found = [event for event in events if event.kind is EventKind.PROOF and event.subject == phase.name]
    if not found:
        return PhaseStanding(phase.name, PhaseState.NEVER_RUN)
    newest = max(found, key=lambda event: event.start)
    at = newest.end or newest.start
    state = PhaseState(str(newest.detail.get("verdict", PhaseState.NOT_PROVEN)))
    if state is not PhaseState.PROVEN:
        return PhaseStanding(phase.name, state, at)
    why = ""
    if newest.detail.get("plan_hash") != verify_hash(plan, phase.verify):
        why = "its goals or scenarios were changed since"
    elif any(event.kind is EventKind.DEPLOYMENT and event.start > newest.start for event in events):
        why = "something was deployed since"
    elif now - at > phase.verify.valid_for:
        why = f"it is older than {phase.verify.valid_for}"
    return PhaseStanding(phase.name, PhaseState.OUT_OF_DATE if why else state, at, why)
