"""Forecasts: when a threshold will be crossed, or the truth that stands in the place of a date.

Days are calendar days in the plan's zone, levels are in the signal's own unit. The *level* of a day is the statistic
that the condition tests: the highest value that was sustained for the condition's `for` within that day, the lowest
for `below` and `at_most`. A threshold is *crossed* on the first day whose level is beyond it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from outgrow.facts.samples import Labels
from outgrow.plan.grades import Grade

Day = date
"""A calendar day in the plan's zone."""


@dataclass(frozen=True, slots=True)
class DailyLevel:
    """The level of one whole day; `coverage` is the share of the day that was seen, from 0 to 1."""

    day: Day
    level: float
    coverage: float


@dataclass(frozen=True, slots=True)
class DayBand:
    """Where a day's level lies: in 5 % of cases below `low`, in half below `middle`, in 5 % above `high`."""

    day: Day
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class LevelShift:
    """The level moved at once: `day` is the first on the new level, `size` the signed change in the signal's unit."""

    day: Day
    size: float


@dataclass(frozen=True, slots=True)
class Trend:
    """What the days say together.

    `history` are all days looked at, oldest first; `fitted` is the line with its weekly pattern over the days that it
    was fitted on (those since the last level shift, where enough of them lie behind it), `future` goes from today to
    the horizon; spikes are no part of its band. `slope_per_day` is the growth in units per day with its 5 % and 95 %
    quantiles, `residual_scale` the standard deviation of the fitted days around the line. `weekly` says whether a
    weekly pattern was found, `spikes` are single days that the line leaves out.
    """

    history: tuple[DailyLevel, ...] = field(repr=False)
    fitted: tuple[DayBand, ...] = field(repr=False)
    future: tuple[DayBand, ...] = field(repr=False)
    slope_per_day: float
    slope_low: float
    slope_high: float
    residual_scale: float
    weekly: bool
    shifts: tuple[LevelShift, ...]
    spikes: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Crosses:
    """The level crosses the threshold: with even chances by `day`, between `earliest` and `latest` with `confidence`.

    `latest` is None when it lies beyond the horizon. `chance` is the probability that the crossing comes within the
    horizon at all. `grows` is False when no growth is found and only the day-to-day scatter reaches the threshold.
    """

    threshold: float
    day: Day
    earliest: Day
    latest: Day | None
    confidence: float
    chance: float
    trend: Trend
    grows: bool = True


@dataclass(frozen=True, slots=True)
class AlreadyCrossed:
    """The level is beyond the threshold; `since` is the first day of the present stretch.

    `trend` is absent where the history is too short for one.
    """

    threshold: float
    since: Day
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class NotBefore:
    """The level moves towards the threshold, but most likely does not reach it within the horizon.

    `day` is the earliest plausible day (5 %), or `horizon_end` when even that lies beyond. `chance` is the probability
    of a crossing up to `horizon_end`.
    """

    threshold: float
    day: Day
    horizon_end: Day
    chance: float
    trend: Trend


@dataclass(frozen=True, slots=True)
class Flat:
    """The level does not move towards the threshold; with `away` it moves away from it.

    `chance` is the probability that its scatter and wandering reach the threshold up to `horizon_end` all the same.
    """

    threshold: float
    horizon_end: Day
    chance: float
    away: bool
    trend: Trend


@dataclass(frozen=True, slots=True)
class TooShort:
    """Too few whole days with enough coverage were seen lately to say anything; the days are in `history`."""

    threshold: float
    seen: int
    needed: int
    history: tuple[DailyLevel, ...]


Forecast = Crosses | AlreadyCrossed | NotBefore | Flat | TooShort


class Reason(StrEnum):
    """Why there is no date."""

    FLAT = "flat"
    AWAY = "moving away"
    TOO_SHORT = "too little history"
    BEYOND_HORIZON = "beyond the horizon"
    NO_FORECAST = "no forecast"
    MUST_END = "must end first"
    EXCLUDED = "excluded by then"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """A condition that keeps a rule from having a date, and why.

    `labels` name the series. `seen` and `needed` are days of history where that is too short. `not_before` is the
    earliest plausible day where the date lies beyond the horizon.
    """

    condition: str
    reason: Reason
    labels: Labels = ()
    seen: int | None = None
    needed: int | None = None
    not_before: Day | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """A date with its interval; all three are today for what holds already.

    `latest` is None beyond the horizon. `until` is the first day on which a rule with `none` is expected to end again.
    """

    day: Day
    earliest: Day
    latest: Day | None
    until: Day | None = None


@dataclass(frozen=True, slots=True)
class Undated:
    """No date, because of these; `not_before` is the earliest plausible day where one is known."""

    because: tuple[Hindrance, ...]
    not_before: Day | None = None


CrossingDate = Dated | Undated


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """The forecast of one series of a condition."""

    labels: Labels
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class ConditionForecast:
    """The forecasts of a condition's series, and the one date that its `across` makes of them."""

    condition: str
    signal: str
    series: tuple[SeriesForecast, ...]
    date: CrossingDate


@dataclass(frozen=True, slots=True)
class GradeForecast:
    """When a grade's rule will hold; `start_by` is that day minus the lead time, overdue when it lies before today."""

    grade: Grade
    date: CrossingDate
    start_by: Day | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class CheckpointForecast:
    """The dates of a checkpoint's grades, most severe first, as seen at `at` (`today` in the plan's zone)."""

    checkpoint: str
    at: datetime
    today: Day
    grades: tuple[GradeForecast, ...]
