"""The decision of a KEDA ScaledObject for many policies at once: activation and cooling down around their HPAs."""

from collections.abc import Sequence

import numpy as np

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.simulate.many.extremes import Row
from outgrow.simulate.many.hpa import Judged, ManyHpas, Mask, Moment
from outgrow.simulate.service import ServiceModel


class ManyKedas:
    """Policies that are alike in everything but targets and behavior; in a rehearsal no trigger fails."""

    def __init__(self, policies: Sequence[KedaPolicy], service: ServiceModel) -> None:
        self._policy, self._step_seconds = policies[0], service.step_seconds
        inner = [
            HpaPolicy.model_construct(
                min=max(each.min, 1),
                max=each.max,
                metrics=each.metrics,
                behavior=each.behavior,
                controller=each.controller,
            )
            for each in policies
        ]
        self._hpas = ManyHpas(inner, service, leaves_bounds=True, begins_at_once=True)
        # Steps of the last poll and of the last active trigger; endlessly long ago, and never.
        self._polled = np.full(len(policies), -np.inf)
        self._active = np.full(len(policies), np.nan)
        self._first: int | None = None
        self._outside: Mask = np.zeros(len(policies), dtype=np.bool_)

    def judge(self, met: Moment, ready: Row, current: Row) -> Judged:
        """Give what every policy wants."""
        policy, nothing = self._policy, self._policy.idle or 0
        silent = (met.step - self._polled) * self._step_seconds < policy.polling.total_seconds()
        polls = (current > nothing) | ~silent
        value = met.total / 1000
        active = any(value > each.activation for each in policy.triggers)
        self._polled[polls] = met.step
        if self._first is None:
            self._first = met.step
        lowest = min(max(met.least, 1), met.most)
        idles = wakes = np.zeros(len(current), dtype=np.bool_)
        if active:
            self._active[polls] = met.step
            below = (current == 0) if policy.idle is None else (current == 0) | (current < met.least)
            wakes = polls & below
        else:
            if met.least == 0 or policy.idle is not None:
                idles = polls & (current > nothing) & self._cooled_down(met.step)
            if policy.idle is None and met.least > 0:
                wakes = polls & (current == 0)
        deciding = polls & ~idles & ~wakes & (current > nothing)
        self._outside = ~deciding
        # A trigger is handed on as the controller reads it, in thousandths again.
        inner = Moment(met.step, float(round(value * 1000)), lowest, met.most)
        found = self._hpas.judge(inner, ready, current, None if deciding.all() else deciding)
        desired = np.where(wakes, lowest, np.where(idles, nothing, found.desired))
        return Judged(desired, found.failed)

    def remember(self, step: int, before: Row, ordered: Row) -> None:
        """Keep what the HPAs ordered at a step; they do not know of what was ordered outside of them."""
        self._hpas.remember(step, np.where(self._outside, ordered, before), ordered)

    def _cooled_down(self, step: int) -> Mask:
        since_first = (step - (self._first or 0)) * self._step_seconds
        since_active = (step - self._active) * self._step_seconds
        never = since_first >= self._policy.initial_cool_down.total_seconds()
        return np.where(np.isnan(self._active), never, since_active >= self._policy.cool_down.total_seconds())
