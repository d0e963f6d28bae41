"""The decision of a KEDA ScaledObject for many policies at once: activation and cooling down around their HPAs."""

from collections.abc import Sequence

import numpy as np

from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.keda import KedaPolicy
from outgrow.simulate.many.extremes import Row
from outgrow.simulate.many.hpa import Judged, ManyHpas, Moment
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
        self._hpas = ManyHpas(inner, service, leaves_bounds=True)
        # Steps of the last poll and of the last active trigger; endlessly long ago, and not known.
        self._polled = np.full(len(policies), -np.inf)
        self._active = np.full(len(policies), np.nan)

    def judge(self, met: Moment, ready: Row, current: Row) -> Judged:
        """Give what every policy wants."""
        policy, nothing = self._policy, self._policy.idle or 0
        silent = (met.step - self._polled) * self._step_seconds < policy.polling.total_seconds()
        polls = (current > nothing) | ~silent
        value = met.total / 1000
        active = any(value > each.activation for each in policy.triggers)
        self._polled[polls] = met.step
        self._active[polls & (active | np.isnan(self._active))] = met.step
        lowest = max(met.least, 1)
        idles = wakes = np.zeros(len(current), dtype=np.bool_)
        if active:
            wakes = polls & (current < lowest)
        elif met.least == 0 or policy.idle is not None:
            quiet = (met.step - self._active) * self._step_seconds >= policy.cool_down.total_seconds()
            idles = polls & (current > nothing) & quiet
        deciding = polls & ~idles & ~wakes & (current > nothing)
        # A trigger is handed on as the controller reads it, in thousandths again.
        inner = Moment(met.step, float(round(value * 1000)), min(lowest, met.most), met.most)
        found = self._hpas.judge(inner, ready, current, None if deciding.all() else deciding)
        desired = np.where(wakes, lowest, np.where(idles, nothing, found.desired))
        return Judged(desired, found.failed)

    def remember(self, step: int, before: Row, ordered: Row) -> None:
        """Keep what was ordered at a step, whatever decided it."""
        self._hpas.remember(step, before, ordered)
