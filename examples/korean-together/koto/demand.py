"""When learners come: growth, the week, the day of every region, and the weekly live class."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Micros = NDArray[np.int64]  # moments: microseconds since EPOCH, as PostgreSQL keeps them

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
DAY = 1440 * MINUTE

SESSION_MEAN_MINUTES = 22.0
SESSIONS_PER_DAY = 900.0  # at scale 1, at the end
GROWTH_DAYS = 70.0  # demand grows e-fold in this time, by 1.4 % a day
SESSIONS_BEFORE_DAYS = 62  # sessions are kept longer than events: 60 days of history of a 30-day count need 90
CLASS_OPEN_SESSIONS = 62.0  # the last live class, at scale 1
EARLIER_CLASSES = 0.72  # the classes of the weeks before drew fewer, beside the growth


@dataclass(frozen=True)
class Region:
    """Where learners live; `share` of the sessions."""

    code: str
    zone: str
    share: float
    learners: int  # at scale 1, at the end


REGIONS = (
    Region("kr", "Asia/Seoul", 0.34, 1500),
    Region("id", "Asia/Jakarta", 0.27, 960),
    Region("vn", "Asia/Ho_Chi_Minh", 0.14, 620),
    Region("jp", "Asia/Tokyo", 0.11, 480),
    Region("de", "Europe/Berlin", 0.05, 230),
    Region("br", "America/Sao_Paulo", 0.04, 190),
    Region("us", "America/Los_Angeles", 0.05, 240),
)


@dataclass(frozen=True)
class Scenario:
    """What to make up: `weeks` of events up to `end` (timezone-aware), at `scale` times the demo's size."""

    end: datetime
    weeks: int = 6
    scale: float = 1.0
    seed: int = 7
    slow_for: timedelta = timedelta(hours=5)  # how long before the end the AI provider slowed down

    @property
    def end_micros(self) -> int:
        """When the history ends."""
        return (self.end - EPOCH) // timedelta(microseconds=1)

    @property
    def start_micros(self) -> int:
        """When the events begin."""
        return self.end_micros - self.weeks * 7 * DAY

    @property
    def first_session_micros(self) -> int:
        """When the learning sessions begin."""
        return self.start_micros - SESSIONS_BEFORE_DAYS * DAY

    @property
    def minutes(self) -> Micros:
        """The start of every minute from the first session to the end."""
        return np.arange(self.first_session_micros, self.end_micros, MINUTE, dtype=np.int64)

    @property
    def slow_from_micros(self) -> int:
        """When the AI provider began to slow down."""
        return self.end_micros - self.slow_for // timedelta(microseconds=1)


def sessions_per_minute(scenario: Scenario) -> Floats:
    """Expected session starts, shape [region, minute of the scenario]."""
    minutes = scenario.minutes
    growth = np.exp((minutes - scenario.end_micros) / (GROWTH_DAYS * DAY))
    everyday = np.array([region.share * _day_and_week(_local(minutes, region, scenario)) for region in REGIONS])
    everyday *= scenario.scale * SESSIONS_PER_DAY / 1440 * growth
    # A class lifts the demand to its own level and no further: its learners come instead of the evening's, so that the
    # end of the history looks alike whether it falls on an evening or on the small hours.
    missing = np.maximum(_live_class(minutes, growth, scenario) - everyday.sum(axis=0), 0)
    everyday[_evening_region(scenario)] += missing
    return everyday


def _local(minutes: Micros, region: Region, scenario: Scenario) -> Micros:
    """Local wall clock. One offset for the whole history: a change to summer time would move one curve by an hour."""
    offset = scenario.end.astimezone(ZoneInfo(region.zone)).utcoffset()
    return minutes + (offset or timedelta()) // timedelta(microseconds=1)


def _day_and_week(local: Micros) -> Floats:
    """Relative demand, mean about 1: a long evening, a short noon, an early morning; more on weekends."""
    hour = local % DAY / DAY * 24
    weekday = (local // DAY + 5) % 7  # EPOCH was a Saturday; 0 is Monday

    def bump(at: float, width: float) -> Floats:
        apart = np.abs(hour - at)
        return np.exp(-0.5 * (np.minimum(apart, 24 - apart) / width) ** 2)

    day = 0.12 + 2.35 * bump(20.5, 2.6) + 0.95 * bump(12.5, 1.7) + 0.6 * bump(8.0, 1.3)
    week = np.array([1.02, 1.0, 0.98, 0.96, 0.88, 1.06, 1.1])[weekday]
    return day * week


def _live_class(minutes: Micros, growth: Floats, scenario: Scenario) -> Floats:
    """Session starts per minute that keep a class full, once a week, the last one running at the end."""
    before_next_end = (scenario.end_micros - minutes) % (7 * DAY) / MINUTE
    last = scenario.end_micros - minutes < 3.5 * DAY
    # Doors open 100 minutes before, it is full after a quarter of an hour, and over 20 minutes after the weekly hour.
    opened = np.clip((100 - before_next_end) / 15, 0, 1)
    before_closing = np.where(before_next_end > 6 * 1440, 1 - (7 * 1440 - before_next_end) / 20, 0)
    fullness = np.maximum(opened, np.clip(before_closing, 0, 1))
    level = scenario.scale * CLASS_OPEN_SESSIONS * np.where(last, 1.0, EARLIER_CLASSES * growth)
    return fullness * level / SESSION_MEAN_MINUTES


def _evening_region(scenario: Scenario) -> int:
    """The region whose local time is nearest to 20:00 when the class runs: it is held for the learners there."""

    def from_evening(region: Region) -> float:
        local = scenario.end.astimezone(ZoneInfo(region.zone))
        apart = abs(local.hour + local.minute / 60 - 20)
        return min(apart, 24 - apart)

    return min(range(len(REGIONS)), key=lambda index: from_evening(REGIONS[index]))
