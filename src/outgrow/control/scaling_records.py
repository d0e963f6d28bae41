"""Scaling decisions in the journal: written before anything is done, read back after a crash, repeated one by one.

A decision is an event with everything that it was made of; what became of its order is a second event. A decision whose
second event is missing was made by a process that died before it knew.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from outgrow.autoscale.observed import Observation
from outgrow.autoscale.policies import PolicyState, carried_out, judge, start, state_document, state_from
from outgrow.errors import UsageError
from outgrow.facts.decisions import Event, EventKind, JsonObject
from outgrow.facts.scaling import ScalingDecision
from outgrow.plan.services import ScalingPolicy
from outgrow.ports import Journal

# A small memory is kept with every decision; a large one now and then, and what lies between is repeated.
_SMALL_BYTES: Final = 4_000
_FULL_EVERY: Final = 20


class Mode(StrEnum):
    """What becomes of decisions; each mode has a history of its own."""

    ACT = "act"
    """They are carried out."""
    DRY_RUN = "dry run"
    """They are carried out on imagined replicas."""
    SHADOW = "shadow"
    """They are compared with what somebody else does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order: whether it was carried out, and if not, why."""

    at: datetime
    done: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision as it is kept.

    `number` counts the decisions of a service and mode. `state` is the policy's memory after the decision and without
    its change, as a document; absent where it was left out for its size. `outcome` is absent where nothing was to be
    done, and where it never became known.
    """

    service: str
    mode: Mode
    number: int
    policy: str
    decision: ScalingDecision
    seen: Observation
    state: JsonObject | None = None
    outcome: Outcome | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody knows what became of its order."""
        return self.mode is not Mode.SHADOW and self.decision.changes and self.outcome is None

    @property
    def was_done(self) -> bool:
        """Whether the policy may count its change as ordered."""
        if self.mode is Mode.SHADOW:
            return False
        return not self.decision.changes or (self.outcome is not None and self.outcome.done)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A kept decision, and what the policy decides on the same observation with the same memory."""

    step: Step
    again: ScalingDecision

    @property
    def is_same(self) -> bool:
        """Whether both are equal in every part."""
        return self.step.decision == self.again


@cache
def _decisions() -> TypeAdapter[ScalingDecision]:
    return TypeAdapter(ScalingDecision)


@cache
def _observations() -> TypeAdapter[Observation]:
    return TypeAdapter(Observation)


def policy_hash(policy: ScalingPolicy) -> str:
    """Give a short text that differs where two policies differ."""
    text = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def step_of(before: Step | None, template: Step, state: PolicyState) -> Step:
    """Number a decision after the one before it, and add the policy's memory where it is small or due."""
    number = 1 if before is None else before.number + 1
    document = state_document(state)
    is_small = len(json.dumps(document)) <= _SMALL_BYTES
    kept = document if is_small or number % _FULL_EVERY == 1 or template.decision.changes else None
    return replace(template, number=number, state=kept)


def decision_event(step: Step, recorded_at: datetime) -> Event:
    """Give the event that keeps a decision; it is written before anything is done."""
    decision = step.decision
    return Event(
        EventKind.SCALING,
        decision.at,
        decision.at,
        recorded_at,
        step.service,
        {
            "text": f"{decision.current} -> {decision.desired} ({decision.rule.value})",
            "mode": step.mode.value,
            "number": step.number,
            "policy": step.policy,
            "decision": _decisions().dump_python(decision, mode="json", exclude_defaults=True),
            "seen": _observations().dump_python(step.seen, mode="json", exclude_defaults=True),
            "state": step.state,
        },
    )


def outcome_event(step: Step, outcome: Outcome) -> Event:
    """Give the event that keeps what became of a decision's order."""
    said = "done" if outcome.done else f"not done: {outcome.why}"
    detail: dict[str, Any] = {
        "text": f"{step.decision.current} -> {step.decision.desired}: {said}",
        "mode": step.mode.value,
        "outcome_of": step.number,
        "done": outcome.done,
        "why": outcome.why,
    }
    return Event(EventKind.SCALING, outcome.at, outcome.at, outcome.at, step.service, detail)


async def scaling_events(journal: Journal, service: str, mode: Mode, start: datetime, end: datetime) -> Sequence[Event]:
    """Give what a journal has of a service's decisions of one mode, and of what became of them."""
    kept = {"mode": mode.value}
    return await journal.events(kinds=[EventKind.SCALING], subject=service, having=kept, start=start, end=end)


def steps_in(events: Iterable[Event], service: str, mode: Mode) -> tuple[Step, ...]:
    """Give a service's decisions of one mode in their order, each with its outcome; what is neither is passed over."""
    steps: dict[int, Step] = {}
    for event in events:
        detail = event.detail
        if event.kind is not EventKind.SCALING or event.subject != service or detail.get("mode") != mode.value:
            continue
        if "outcome_of" in detail:
            number = int(detail["outcome_of"])
            if number in steps:
                outcome = Outcome(event.start, bool(detail["done"]), str(detail["why"]))
                steps[number] = replace(steps[number], outcome=outcome)
            continue
        try:
            decision, seen = (
                _decisions().validate_python(detail["decision"]),
                _observations().validate_python(detail["seen"]),
            )
        except (ValidationError, KeyError):
            continue  # written by a version that knows more, or less
        number = int(detail["number"])
        steps[number] = Step(service, mode, number, str(detail["policy"]), decision, seen, detail.get("state"))
    return tuple(steps[number] for number in sorted(steps))


def resumed(policy: ScalingPolicy, steps: Sequence[Step]) -> PolicyState:
    """Give the memory that a policy has after its kept decisions; a fresh one where nothing of its kind is kept."""
    first, state = _last_kept(policy, steps)
    if state is None:
        return start(policy)
    for last, step in pairwise(steps[first:]):
        _, judged = judge(policy, step.seen, followed(policy, last, step.seen.replicas, state), step.decision.at)
        state = _after(policy, step, judged)
    return state


def followed(policy: ScalingPolicy, last: Step | None, replicas: int, state: PolicyState) -> PolicyState:
    """Count what the live control did after a shadow's last decision as if this policy had ordered it then.

    A shadow orders nothing, and its rate limits are about the changes of the control beside which it looks on.
    """
    if last is None or last.mode is not Mode.SHADOW or replicas == last.decision.current:
        return state
    return carried_out(policy, replace(last.decision, desired=replicas), state)


def repeated(policy: ScalingPolicy, steps: Sequence[Step]) -> tuple[Repeated, ...]:
    """Decide again what was decided, from the same observations.

    The first of the steps is repeated only where it is the very first one; of others the memory before them is not
    known. Steps of another policy than this one begin a new row.
    """
    found: list[Repeated] = []
    state: PolicyState | None = None
    own = policy_hash(policy)
    for last, step in zip((None, *steps), steps, strict=False):
        before = start(policy) if step.number == 1 else state
        if before is None or step.policy != own:
            state = _kept(policy, step) if step.policy == own else None
            continue
        again, judged = judge(policy, step.seen, followed(policy, last, step.seen.replicas, before), step.decision.at)
        found.append(Repeated(step, again))
        state = _after(policy, step, judged)
    return tuple(found)


def _last_kept(policy: ScalingPolicy, steps: Sequence[Step]) -> tuple[int, PolicyState | None]:
    for index in range(len(steps) - 1, -1, -1):
        state = _kept(policy, steps[index])
        if state is not None:
            return index, state
    return -1, None


def _kept(policy: ScalingPolicy, step: Step) -> PolicyState | None:
    if step.state is None:
        return None
    try:
        return _after(policy, step, state_from(policy, step.state))
    except UsageError:
        return None


def _after(policy: ScalingPolicy, step: Step, judged: PolicyState) -> PolicyState:
    return carried_out(policy, step.decision, judged) if step.was_done else judged
