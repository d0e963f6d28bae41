"""The elasticity set of the SPEC Research Group: how closely supply follows demand.

Source: N. R. Herbst, S. Kounev, R. Reussner, "Elasticity in Cloud Computing", ICAC 2013, and Herbst et al., "Ready for
Rain? A View from SPEC Research on the Future of Cloud Metrics", arXiv 1604.03470. Variants differ in what they divide
by; the ones here are written out, with d replicas needed, s ready, T steps of length D and (x)+ = max(x, 0).

They are reported, and nothing is gated on them: instability and jitter reward copying noise, and any policy with
head-room is over-provisioned nearly all the time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from outgrow.simulate.timeline import Timeline

_HOUR: Final = 3600
_FLOOR: Final = 1e-4
_NORM: Final = 5


@dataclass(frozen=True, slots=True)
class Elasticity:
    """Shares (not percent), and jitter in changes an hour.

    - `accuracy_under` = 1/T sum (d - s)+ / d and `accuracy_over` = 1/T sum (s - d)+ / d, where d is 0 divided by 1;
    - `timeshare_under` and `timeshare_over`: the share of steps with s < d, and with s > d;
    - `instability` = share of the T - 1 changes of step in which supply and demand do not move the same way;
    - `jitter` = (changes of s - changes of d) / (T D): above 0 supply oscillates, below 0 it is sluggish.
    """

    accuracy_under: float
    accuracy_over: float
    timeshare_under: float
    timeshare_over: float
    instability: float
    jitter_per_hour: float

    @property
    def deviation(self) -> float:
        """The distance from the ideal: the 5-norm of both accuracies, both timeshares and the instability."""
        parts = (*self.speed_parts, self.instability)
        return sum(part**_NORM for part in parts) ** (1 / _NORM)

    def speedup_over(self, baseline: "Elasticity") -> float:
        """Give the geometric mean of how much smaller both accuracies and timeshares are than the baseline's.

        Above 1 is better than the baseline. A part counts as 0.01 % at least, for no ratio of nothing is known.
        """
        product = 1.0
        for own, other in zip(self.speed_parts, baseline.speed_parts, strict=True):
            product *= max(other, _FLOOR) / max(own, _FLOOR)
        return product**0.25

    @property
    def speed_parts(self) -> tuple[float, float, float, float]:
        """Both accuracies and both timeshares."""
        return self.accuracy_under, self.accuracy_over, self.timeshare_under, self.timeshare_over


def elasticity(timeline: Timeline, skipped: int = 0) -> Elasticity:
    """Work the set out over the steps behind the first `skipped`; at least one must be left."""
    needed = np.asarray(timeline.needed[skipped:], dtype=np.float64)
    ready = np.asarray(timeline.ready[skipped:], dtype=np.float64)
    each = np.maximum(needed, 1.0)
    moves_needed, moves_ready = np.sign(np.diff(needed)), np.sign(np.diff(ready))
    hours = len(needed) * timeline.step_seconds / _HOUR
    return Elasticity(
        accuracy_under=float(np.mean(np.maximum(needed - ready, 0) / each)),
        accuracy_over=float(np.mean(np.maximum(ready - needed, 0) / each)),
        timeshare_under=float(np.mean(ready < needed)),
        timeshare_over=float(np.mean(ready > needed)),
        instability=np.count_nonzero(moves_needed != moves_ready) / len(moves_needed) if len(moves_needed) else 0.0,
        jitter_per_hour=float(np.count_nonzero(moves_ready) - np.count_nonzero(moves_needed)) / hours,
    )
