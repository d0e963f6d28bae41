"""What one check found: every signal measured, every verdict and forecast, and what could not be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from outgrow.facts.decisions import Event
from outgrow.facts.forecasts import CheckpointForecast, ConditionForecast
from outgrow.facts.samples import Labels, Sample
from outgrow.facts.verdicts import CheckpointVerdict, ConditionVerdict

SeriesByLabels = Mapping[Labels, Sequence[Sample]]
"""Samples in time order, by label set."""


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """One signal as it was measured.

    `series` holds every sample at hand, recent ones at the signal's own interval and older ones as sparse as the
    forecast needs. `failure` words why it could not be read now, `no_past` why its past cannot be asked for.
    """

    name: str
    series: SeriesByLabels
    failure: str = ""
    no_past: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source as it answered: what failed (one sentence per distinct failure), how long it took, its clock.

    `version`, `clock_skew`, `warnings` and `notes` are what it said of itself, where it was asked.
    """

    name: str
    kind: str
    signals: int
    failures: tuple[str, ...]
    took: timedelta
    version: str = ""
    clock_skew: timedelta | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """Every signal of a plan (or those asked for), measured around one moment."""

    at: datetime
    signals: Mapping[str, SignalFacts]
    sources: Mapping[str, SourceFacts]
    took: timedelta


@dataclass(frozen=True, slots=True)
class AlertVerdict:
    """What an alert's condition says."""

    alert: str
    verdict: ConditionVerdict


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """The result of `outgrow check`.

    `forecasts` and `verdicts` are by checkpoint, `trends` by checkpoint and condition, `alerts` by alert; `events` are
    the spans that did not count; `journal` says where samples and decisions were kept, empty when nowhere.
    """

    measurement: Measurement
    verdicts: Mapping[str, CheckpointVerdict]
    forecasts: Mapping[str, CheckpointForecast]
    trends: Mapping[str, Mapping[str, ConditionForecast]]
    alerts: Mapping[str, AlertVerdict] = field(default_factory=dict[str, AlertVerdict])
    events: tuple[Event, ...] = ()
    journal: str = ""
    notes: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The moment judged."""
        return self.measurement.at
