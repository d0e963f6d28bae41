"""Which policies can be stepped together: those that differ in numbers only."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.services import ScalingPolicy
from outgrow.simulate.rehearse import unreplayable
from outgrow.simulate.trace import Trace

_MOST_RATE: Final = 1e9
"""Requests a second up to which usage in thousandths of thousandths is a whole number of a float."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Places of policies: of those that go together, and of those that have to be rehearsed one by one."""

    together: tuple[tuple[int, ...], ...]
    alone: tuple[int, ...]


def fits_many(policy: ScalingPolicy, trace: Trace) -> bool:
    """Say whether a policy can be stepped with others: an HPA or KEDA triggers without a formula, all replayable."""
    if max(trace.rates) > _MOST_RATE:
        return False
    match policy:
        case HpaPolicy():
            return not any(map(unreplayable, policy.metrics))
        case KedaPolicy():
            return policy.combine is None and not any(map(unreplayable, policy.metrics))
        case _:
            return False


def groups_of(policies: Sequence[ScalingPolicy], trace: Trace, most: int) -> Groups:
    """Part policies into groups of at most `most`, each in the order that its windows are stepped fastest in."""
    alone: list[int] = []
    alike: dict[Hashable, list[int]] = {}
    for place, policy in enumerate(policies):
        if fits_many(policy, trace):
            alike.setdefault(_likeness(policy), []).append(place)
        else:
            alone.append(place)
    together: list[tuple[int, ...]] = []
    for places in alike.values():
        places.sort(key=lambda place: _windows(policies[place]))
        parts = -(-len(places) // most)
        size = -(-len(places) // parts)
        together += [tuple(places[start : start + size]) for start in range(0, len(places), size)]
    return Groups(tuple(together), tuple(alone))


def _likeness(policy: ScalingPolicy) -> Hashable:
    """Give what policies of one group have in common."""
    shared = (policy.policy, policy.min, policy.max, policy.schedules, policy.caps, policy.pause)
    kinds = tuple(each.kind for each in policy.metrics)
    match policy:
        case HpaPolicy():
            return (*shared, kinds, policy.behavior is None)
        case KedaPolicy():
            activations = tuple(each.activation for each in policy.triggers)
            own = (policy.idle, policy.polling, policy.cool_down, policy.initial_cool_down, activations)
            return (*shared, kinds, policy.behavior is None, own)
        case _:
            return shared


def _windows(policy: ScalingPolicy) -> tuple[float, float]:
    if not isinstance(policy, HpaPolicy | KedaPolicy) or policy.behavior is None:
        return 0.0, 0.0
    down, up = policy.behavior.down.window, policy.behavior.up.window
    otherwise = policy.controller.downscale_stabilization
    return (otherwise if down is None else down).total_seconds(), up.total_seconds() if up is not None else 0.0
