"""The decision of a HorizontalPodAutoscaler for many policies at once: proposals, windows, rates and bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.autoscale.hpa.proposals import tolerances_of
from outgrow.plan.autoscaling import ExternalMetric, HpaPolicy, ObjectMetric
from outgrow.simulate.many.extremes import Row, Windows
from outgrow.simulate.many.limits import Limits
from outgrow.simulate.many.proposals import proposals
from outgrow.simulate.service import ServiceModel

Mask = NDArray[np.bool_]
"""Which policies."""

_UNREAD: Final = -np.inf
"""What a metric asks for that could not be read."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What all policies meet at a step: the rate in all, in thousandths, as it is read, and the bounds that hold."""

    step: int
    total: float
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Judged:
    """How many replicas each policy wants; `failed` are those that stay because a metric failed, None for none."""

    desired: Row
    failed: Mask | None = None


class ManyHpas:
    """Policies with the same kinds of metrics and the same bounds, all with a behavior or all without.

    Args:
        policies: one at least.
        service: that they scale.
        leaves_bounds: whether there may be more replicas than the bounds let be, or fewer.
        begins_at_once: whether the controllers of all policies start at the first step, deciding or not.
    """

    def __init__(
        self, policies: Sequence[HpaPolicy], service: ServiceModel, *, leaves_bounds: bool, begins_at_once: bool = False
    ) -> None:
        columns, kinds = len(policies), policies[0].metrics
        tolerances = [tolerances_of(each) for each in policies]
        self._metrics = [
            (
                _is_of_replicas(policies[0], slot),
                proposals([each.metrics[slot] for each in policies], tolerances, service),
            )
            for slot in range(len(kinds))
        ]
        self._may_fail = any(of_replicas for of_replicas, _ in self._metrics) and (
            policies[0].min == 0 or leaves_bounds
        )
        self._leaves_bounds = leaves_bounds
        self._begins_at_once = begins_at_once
        self._limits = Limits([each.behavior for each in policies], service.step_seconds)
        lengths = [_lengths(each, service.step_seconds) for each in policies]
        self._up = Windows([up for up, _ in lengths], "lowest")
        self._down = Windows([down for _, down in lengths], "highest")
        self._symmetric = policies[0].behavior is not None
        self._fresh: Mask | None = np.ones(columns, dtype=np.bool_)
        self._wanted, self._other, self._lowest, self._highest = (np.empty(columns) for _ in range(4))

    def judge(self, met: Moment, ready: Row, current: Row, deciding: Mask | None = None) -> Judged:
        """Give what every policy wants; those that are not `deciding` keep what they have and remember nothing."""
        wanted = self._asked(met.total, ready, current)
        desired, recorded = current, deciding
        if self._leaves_bounds:
            desired, recorded = self._brought_back(met, current, deciding)
        failed: Mask | None = None
        if self._may_fail and not ready.all():
            fails = (ready == 0) & (wanted < current)
            failed = fails if recorded is None else fails & recorded
            recorded = ~fails if recorded is None else recorded & ~fails
        held = self._held(wanted, current, recorded, deciding)
        changes = held != current if recorded is None else (held != current) & recorded
        at = np.flatnonzero(changes)
        if len(at):
            desired = desired.copy()
            desired[at] = self._limits.let_through(met.step, at, current[at], held[at], (met.least, met.most))
        return Judged(desired, failed)

    def remember(self, step: int, before: Row, ordered: Row) -> None:
        """Keep what was ordered at a step, whatever decided it."""
        self._limits.remember(step, before, ordered)

    def _asked(self, total: float, ready: Row, current: Row) -> Row:
        """Give the largest proposal of each policy."""
        wanted = self._wanted
        for index, (of_replicas, propose) in enumerate(self._metrics):
            into = self._other if index else wanted
            propose(total, ready, current, into)
            if of_replicas and self._may_fail:
                np.copyto(into, _UNREAD, where=ready == 0)
            if index:
                np.maximum(wanted, into, out=wanted)
        return wanted

    def _brought_back(self, met: Moment, current: Row, deciding: Mask | None) -> tuple[Row, Mask | None]:
        """Bring what is beyond the bounds back at once; give that, and the policies whose metrics decide."""
        inside = (current >= met.least) & (current <= met.most)
        if inside.all():
            return current, deciding
        # Nothing at all is not raised to the minimum: scaling is switched off there.
        back = np.where(inside | (current == 0), current, np.clip(current, met.least, met.most))
        if deciding is None:
            return back, inside
        return np.where(deciding, back, current), inside & deciding

    def _held(self, wanted: Row, current: Row, recorded: Mask | None, deciding: Mask | None) -> Row:
        """Hold what is wanted against the windows, which it enters where it is recorded."""
        for_up = for_down = wanted
        if recorded is not None:
            for_up, for_down = np.where(recorded, wanted, np.inf), np.where(recorded, wanted, -np.inf)
        if self._fresh is not None:
            # A controller that has just started records the replicas at hand first.
            begins = self._fresh if deciding is None or self._begins_at_once else self._fresh & deciding
            for_up = np.where(begins, np.minimum(for_up, current), for_up)
            for_down = np.where(begins, np.maximum(for_down, current), for_down)
            fresh = self._fresh & ~begins
            self._fresh = fresh if fresh.any() else None
        self._down.pushed(for_down, wanted, self._highest)
        if not self._symmetric:
            return self._highest
        lowest = wanted
        if self._up.looks_back:
            self._up.pushed(for_up, wanted, self._lowest)
            lowest = self._lowest
        return np.minimum(np.maximum(current, lowest), self._highest)


def _is_of_replicas(policy: HpaPolicy, slot: int) -> bool:
    return not isinstance(policy.metrics[slot], ObjectMetric | ExternalMetric)


def _lengths(policy: HpaPolicy, step_seconds: int) -> tuple[int, int]:
    """Give the windows for up and for down in steps, the newest included; 0 looks at the newest alone."""
    otherwise = policy.controller.downscale_stabilization.total_seconds()
    if policy.behavior is None:
        # A recommendation exactly as old as the window still counts.
        return 0, int(otherwise // step_seconds) + 1
    up, down = policy.behavior.up.window, policy.behavior.down.window
    seconds = (0.0 if up is None else up.total_seconds(), otherwise if down is None else down.total_seconds())
    return ceil(seconds[0] / step_seconds), ceil(seconds[1] / step_seconds)
