"""Forecasts of a checkpoint: daily levels from the samples at hand and from the journal, then dates per grade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outgrow.decide.forecast import HISTORY_DAYS, condition_levels, forecast_condition, statistic_of
from outgrow.decide.spans import Span
from outgrow.decide.terms import Terms, terms_of
from outgrow.facts.checks import SignalFacts
from outgrow.facts.forecasts import ConditionForecast, DailyLevel
from outgrow.facts.rollups import LevelKey
from outgrow.facts.samples import Labels, SeriesKey
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.signals import signal_hash
from outgrow.plan.sources import zone_of
from outgrow.ports import Journal


@dataclass(frozen=True, slots=True)
class Forecasting:
    """What the forecasts of one check share: the samples, the moment, own load, and the levels kept from before."""

    plan: Plan
    signals: Mapping[str, SignalFacts]
    at: datetime
    excluded: Sequence[Span]
    journal: Journal | None
    remembers: bool

    async def trends(self, checkpoint: Checkpoint) -> Mapping[str, ConditionForecast]:
        """Forecast every condition of a checkpoint; with a journal, keep the levels of whole days."""
        return {
            letter: await self._trend(terms_of(letter, condition, self.plan.signals))
            for letter, condition in checkpoint.conditions.items()
        }

    async def _trend(self, terms: Terms) -> ConditionForecast:
        zone = zone_of(self.plan.timezone)
        signal = terms.condition.signal
        levels = condition_levels(terms, self.signals[signal].series, self.at, zone, self.excluded)
        kept = await self._kept(terms)
        if self.journal is not None and self.remembers:
            rows = [(self._key(terms, labels), level) for labels, each in levels.items() for level in each]
            await self.journal.append_daily_levels(rows, self.at)
        return forecast_condition(terms, levels, self.at.astimezone(zone).date(), kept)

    async def _kept(self, terms: Terms) -> Mapping[Labels, Sequence[DailyLevel]]:
        if self.journal is None:
            return {}
        today = self.at.astimezone(zone_of(self.plan.timezone)).date()
        rows = await self.journal.daily_levels(
            signal_hash(terms.condition.signal, self.plan.signals),
            statistic_of(terms),
            self.plan.timezone,
            today - timedelta(days=HISTORY_DAYS),
            today,
        )
        found: dict[Labels, list[DailyLevel]] = {}
        for key, level in rows:
            found.setdefault(key.series.labels, []).append(level)
        return found

    def _key(self, terms: Terms, labels: Labels) -> LevelKey:
        name = terms.condition.signal
        series = SeriesKey(name, signal_hash(name, self.plan.signals), labels)
        return LevelKey(series, statistic_of(terms), self.plan.timezone)
