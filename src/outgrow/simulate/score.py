"""How good a timeline is: what was not served, and what it cost.

With d replicas needed, s ready and (x)+ = max(x, 0), over the steps after the warm-up: U = sum (d - s)+ / sum d,
tU = share of steps with s < d, C = sum s / sum d. U, tU and C are what a policy is gated on: a share of demand, a share
of time, a ratio of cost. `regret` holds C against that of an oracle which knew the future.
"""

from dataclasses import dataclass

import numpy as np

from outgrow.errors import UsageError
from outgrow.simulate.timeline import Timeline

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Score:
    """`unserved` and `time_under` are shares, `cost_ratio` is ready over needed."""

    unserved: float
    time_under: float
    cost_ratio: float
    actions_a_day: float
    replica_hours: float

    def regret(self, oracle: "Score") -> float:
        """Give the cost over that of the oracle; 1 is perfect."""
        return self.replica_hours / oracle.replica_hours


def score(timeline: Timeline, warm_up_seconds: int = 0) -> Score:
    """Score a timeline, leaving its beginning out.

    Raises:
        UsageError: nothing is left behind the warm-up, or nothing was needed.
    """
    skipped = -(-warm_up_seconds // timeline.step_seconds)
    needed = np.asarray(timeline.needed[skipped:], dtype=np.int64)
    ready = np.asarray(timeline.ready[skipped:], dtype=np.int64)
    if needed.sum() == 0:
        raise UsageError(f"no demand is left behind a warm-up of {warm_up_seconds} s; there is nothing to score")
    # An action belongs to the step that ordered it; the first step is compared with the one before it.
    changes = np.count_nonzero(np.diff(np.asarray(timeline.ordered[max(0, skipped - 1) :], dtype=np.int64)))
    demand = float(needed.sum())
    return Score(
        unserved=float(np.maximum(needed - ready, 0).sum()) / demand,
        time_under=float(np.mean(ready < needed)),
        cost_ratio=float(ready.sum()) / demand,
        actions_a_day=float(changes) * _DAY / (len(needed) * timeline.step_seconds),
        replica_hours=float(ready.sum()) * timeline.step_seconds / 3600,
    )
