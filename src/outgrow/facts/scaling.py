"""Scaling decisions: how many replicas a policy asked for, and what made it that number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """What had the last word on a number of replicas, or would have to be taken away to change it."""

    TARGET = "target"
    """The metrics' own proposal."""
    TOLERANCE = "tolerance"
    """Usage is close enough to its target."""
    WINDOW = "window"
    """Recent recommendations hold it back."""
    RATE = "rate limit"
    """Replicas would come or go faster than allowed."""
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    FAILED = "failed metric"
    """A metric could not be read, and what can be read does not ask for more."""
    OFF = "off at zero"
    """Somebody scaled to zero by hand; with a minimum above zero nothing brings it back."""
    FORECAST = "forecast"
    """The load that is expected when a replica ordered now is ready."""
    REACTIVE = "load of now"
    """The load of now, below which no forecast may go, or which decides alone while none can be trusted."""
    ACTIVE = "activation"
    """A trigger has become active where nothing, or only what idles, ran."""
    IDLE = "idle"
    """No trigger is active, and the cool-down is over."""
    FALLBACK = "fallback"
    """Triggers have failed too often in a row."""
    SCHEDULE = "schedule"
    """Hours of the calendar set other bounds."""
    BUDGET = "budget"
    """The month's money would not last."""
    POOL = "connection pool"
    """The database has no room for the connections of more replicas."""
    PAUSED = "paused"
    """Somebody holds scaling."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric asks for.

    `replicas` is after the tolerance, `raw` before it; both are absent where the metric could not be used, and
    `failure` says why. `ratio` is usage over target; above 1 asks for more. `usage` is what was measured over the pods
    that count: whole percent where the target is a utilisation, else thousandths of the metric's unit.
    """

    metric: str
    replicas: int | None
    raw: int | None
    ratio: float | None = None
    usage: int | None = None
    failure: str = ""

    @property
    def within_tolerance(self) -> bool:
        """Whether the tolerance alone kept the number as it was."""
        return self.replicas != self.raw


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """How many replicas it would have been without one rule."""

    without: Rule
    replicas: int


@dataclass(frozen=True, slots=True)
class LoadForecast:
    """What a predictive policy expected, in replicas' worth of load, and how right it has been.

    `expected` is the load of `due`, by the candidates mixed with `weights`; `margin` what their own errors add, so
    that so large a share of them as `quantile` is covered. Of the recent demand `unserved` would have stayed unserved
    with this margin, and replicas would have outnumbered a perfect follower's by `headroom`; both are absent until a
    forecast has come due. `trusted` says whether the forecast decided, `why` why not. `now` is the load of now and
    `reactive` the number of replicas that it alone asks for.
    """

    due: datetime
    now: float
    reactive: int
    trusted: bool
    why: str = ""
    expected: float | None = None
    margin: float | None = None
    quantile: float | None = None
    unserved: float | None = None
    headroom: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """One decision, with everything that led to it.

    The numbers in the order in which they come about: `current` replicas ordered before, what every metric proposes,
    `recommended` by the metric that wins, `stabilized` by the window, `desired` after rates and bounds. `recommended`
    and `stabilized` are absent where the metrics were not asked or could not answer. `condition` is the word that
    Kubernetes has for the limit in its HPA status (`DesiredWithinRange`, `ScaleUpLimit`, ...). `forecast` is there
    where a policy made one.
    """

    at: datetime
    current: int
    desired: int
    rule: Rule
    condition: str
    proposals: tuple[Proposal, ...] = ()
    metric: str = ""
    recommended: int | None = None
    stabilized: int | None = None
    counterfactuals: tuple[Counterfactual, ...] = ()
    forecast: LoadForecast | None = None

    @property
    def changes(self) -> bool:
        """Whether there is something to do."""
        return self.desired != self.current

    def without(self, rule: Rule) -> int:
        """Give the number of replicas had `rule` not been there; the same number where it made no difference."""
        return next((each.replicas for each in self.counterfactuals if each.without is rule), self.desired)
