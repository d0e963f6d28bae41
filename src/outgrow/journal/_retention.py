"""Up to when samples, roll-ups and scaling decisions are kept."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from outgrow.facts.rollups import Resolution
from outgrow.plan import JournalOptions


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older than these goes: samples into five-minute roll-ups, these into hourly ones, these for good.

    Scaling decisions that changed nothing go with the samples, and so does what the others were made of; these
    themselves go with the hours.

    All are beginnings of hours, so that a bucket leaves as a whole.
    """

    raw: datetime
    five_minutes: datetime
    hours: datetime

    @property
    def days(self) -> date:
        """The first day whose levels are kept."""
        return self.hours.astimezone(UTC).date()


def cutoffs(options: JournalOptions, now: datetime) -> Cutoffs:
    """Say what the retention means at `now`."""
    start_of = Resolution.HOUR.start_of
    return Cutoffs(start_of(now - options.keep_raw), start_of(now - options.keep_5m), start_of(now - options.keep_1h))
