"""Whether a phase is proven: its goals over all of its scenarios, and how long a proof counts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor
from typing import Any

from outgrow.decide.gates import Gate, gates_of, signals_asked
from outgrow.decide.proof_conditions import conditions
from outgrow.decide.thresholds import judged, standing_of
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.loads import LoadFacts
from outgrow.facts.proofs import ProofVerdict, ScenarioProof, ThresholdResult, ThresholdVerdict
from outgrow.plan import Plan
from outgrow.plan.asked_load import shortened_window
from outgrow.plan.roadmap import BASELINE, Phase, Verify
from outgrow.plan.signals import signal_hash


class PhaseState(StrEnum):
    """Where a phase of the roadmap stands."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    TOO_WEAK = "generator too weak"
    OUT_OF_DATE = "out of date"
    RECORDED = "recorded"
    """A baseline: nothing was asked of it."""
    NEVER_RUN = "never run"
    NO_VERIFY = "cannot be proven"
    """The plan does not say by which scenarios."""


class OutOfDate(StrEnum):
    """Why a proof does not count any more."""

    CHANGED = "its goals or scenarios were changed since"
    POLICY = "a scaling policy was changed since"
    DEPLOYED = "something was deployed since"
    OLD = "it is older than it counts"


@dataclass(frozen=True, slots=True)
class PhaseStanding:
    """A phase, where it stands, since when, and why its proof is out of date; `event` is its newest proof."""

    phase: str
    state: PhaseState
    at: datetime | None = None
    why: OutOfDate | None = None
    event: Event | None = None


def verify_hash(plan: Plan, verify: Verify, *, whole: bool = False) -> str:
    """Hash everything that a proof depends on: goals, scenarios, and the figures that their names stand for.

    What has its default is left out, so that an option of a later outgrow puts no proof out of date; `whole` hashes
    that too, as was done when there was no `policy_hash` yet.
    """
    dumped = {
        name: plan.scenarios[name].model_dump(mode="json", exclude_defaults=not whole) for name in verify.scenarios
    }
    asked = [*gates_of(plan, verify.goals)]
    asked += [gate for name in verify.scenarios for gate in gates_of(plan, plan.scenarios[name].thresholds)]
    body: list[Any] = [verify.model_dump(mode="json", exclude={"valid_for"}), dumped, [repr(gate) for gate in asked]]
    signals = {name: signal_hash(name, plan.signals) for name in signals_asked(asked)}
    return _hash([*body, signals] if signals else body)


def policy_hash(plan: Plan) -> str:
    """Hash the plan's scaling policies: under another one the same load meets another number of replicas."""
    policies = {
        name: service.scaling.model_dump(mode="json")
        for name, service in plan.services.items()
        if service.scaling is not None
    }
    return _hash(policies)


def _hash(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def scenario_proof(facts: LoadFacts, goals: Sequence[Gate], users: int, scale: float = 1.0) -> ScenarioProof:
    """Hold one run against the goals, unless that was done while it went on; a rehearsal has a `scale` below 1."""
    response = facts.whole.response
    return ScenarioProof(
        scenario=facts.scenario,
        target=facts.target,
        arrivals=facts.whole.due,
        failed=facts.whole.failed,
        p95_seconds=None if response is None else response.p95_seconds,
        thresholds=(*facts.thresholds, *conditions(facts, goals, scale)),
        goals=facts.goals or judged(goals, facts, users),
        too_weak=facts.health.too_weak,
        # A threshold that ended the run has failed, unless it is asked no more: then the run is but a part of one.
        interrupted=facts.interrupted and not any(each.aborted for each in facts.thresholds),
        started_at=facts.started_at,
        seconds=facts.seconds,
        silent=facts.is_silent,
    )


def goals_over(goals: Sequence[Gate], proofs: Sequence[ScenarioProof]) -> tuple[ThresholdResult, ...]:
    """Give each goal over all scenarios: what is to be reached by the best of them, what is to be kept by the worst."""
    return tuple(_over(gate, index, proofs) for index, gate in enumerate(goals))


def _over(gate: Gate, index: int, proofs: Sequence[ScenarioProof]) -> ThresholdResult:
    """Give a goal as the scenario met it that decides, and name that one where there are several."""
    judging = [proof for proof in proofs if gate.judges(proof.scenario)] or [proofs[0]]
    decisive = (max if _is_to_be_reached(gate) else min)(
        judging, key=lambda proof: standing_of(gate, proof.goals[index])
    )
    return replace(decisive.goals[index], scenario=decisive.scenario if len(judging) > 1 else "")


def rehearsed_goals(goals: Sequence[Gate], scale: float) -> tuple[Gate, ...]:
    """Give goals for a rehearsal: rates, users and windows are the share of what is asked, everything else is whole."""
    return tuple(goals) if scale == 1 else tuple(_rehearsed(gate, scale) for gate in goals)


def _rehearsed(gate: Gate, scale: float) -> Gate:
    if gate.over_seconds is not None:
        window = shortened_window(timedelta(seconds=gate.over_seconds), scale)
        gate = replace(gate, over_seconds=window.total_seconds())
    if not _is_to_be_reached(gate):
        return gate
    limit = gate.limit * scale
    if gate.of == "concurrent_users":  # a rehearsal's users are whole: where 2.5 are asked there are two
        limit = max(1.0, float(floor(round(limit, 9))))
    return replace(gate, limit=limit, text=f"{gate.text}, {scale:g} of it")


def _is_to_be_reached(gate: Gate) -> bool:
    return (gate.method == "peak" or gate.of == "concurrent_users") and gate.operator in {">", ">="}


def verdict_of(goals: Sequence[ThresholdResult], proofs: Sequence[ScenarioProof], scale: float = 1.0) -> ProofVerdict:
    """Give the verdict of a phase; a generator that was too weak can prove nothing, neither way.

    Below a `scale` of 1 the best that can be said is that it was rehearsed: a share of the load proves nothing.
    """
    if any(proof.too_weak for proof in proofs):
        return ProofVerdict.TOO_WEAK
    every = [*goals, *(each for proof in proofs for each in proof.thresholds)]
    whole = bool(proofs) and not any(proof.interrupted for proof in proofs)
    if not every and whole:
        return ProofVerdict.RECORDED
    kept = all(each.verdict is ThresholdVerdict.PASSED for each in every)
    if not kept or not whole:
        return ProofVerdict.NOT_PROVEN
    return ProofVerdict.PROVEN if scale == 1 else ProofVerdict.REHEARSED


def standing(plan: Plan, phase: Phase, events: Sequence[Event], now: datetime) -> PhaseStanding:
    """Say where a phase stands by the journal's proofs and deployments.

    The newest proof of the goals and scenarios as they are speaks for it, whatever else was asked meanwhile, as by a
    variant of the plan over the same journal; only where there is none does the newest of others, as out of date.
    """
    verify = phase.verify
    if verify is None:
        return PhaseStanding(phase.name, PhaseState.NO_VERIFY)
    hashes = {verify_hash(plan, verify), verify_hash(plan, verify, whole=True)}
    of_these_goals = [event for event in events if event.detail.get("plan_hash") in hashes]
    newest = newest_proof(of_these_goals, phase.name) or newest_proof(events, phase.name)
    if newest is None:
        return PhaseStanding(phase.name, PhaseState.NEVER_RUN)
    at = newest.end or newest.start
    state = PhaseState(str(newest.detail.get("verdict", PhaseState.NOT_PROVEN)))
    if state is not PhaseState.PROVEN and newest in of_these_goals:
        return PhaseStanding(phase.name, state, at, event=newest)
    why = _out_of_date(plan, verify, newest, events, now) if newest in of_these_goals else OutOfDate.CHANGED
    return PhaseStanding(phase.name, state if why is None else PhaseState.OUT_OF_DATE, at, why, newest)


def baseline_standing(events: Sequence[Event]) -> PhaseStanding:
    """Say whether and when today's system was recorded; how it did then does not go out of date."""
    newest = newest_proof(events, BASELINE)
    if newest is None:
        return PhaseStanding(BASELINE, PhaseState.NEVER_RUN)
    state = PhaseState(str(newest.detail.get("verdict", PhaseState.RECORDED)))
    return PhaseStanding(BASELINE, state, newest.end or newest.start, event=newest)


def newest_proof(events: Sequence[Event], subject: str) -> Event | None:
    """Give the newest proof of a phase, or of the baseline; none where it was never run."""
    found = [event for event in events if event.kind is EventKind.PROOF and event.subject == subject]
    return max(found, key=lambda event: event.start, default=None)


def _out_of_date(plan: Plan, verify: Verify, proof: Event, events: Sequence[Event], now: datetime) -> OutOfDate | None:
    """Say why a proof of the goals as they are does not count any more; none where it does."""
    policies = proof.detail.get("policy_hash", "")
    if policies and policies != policy_hash(plan):
        return OutOfDate.POLICY
    if any(event.kind is EventKind.DEPLOYMENT and event.start > proof.start for event in events):
        return OutOfDate.DEPLOYED
    if now - (proof.end or proof.start) > verify.valid_for:
        return OutOfDate.OLD
    return None
