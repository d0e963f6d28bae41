"""Forecast: from samples to the dates on which conditions, rules and grades will hold."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.decide.crossing import CONFIDENCE, HISTORY_DAYS, HORIZON, MIN_DAYS, forecast_crossing
from outgrow.decide.daily import daily_levels
from outgrow.decide.dates import across_date, rule_date
from outgrow.decide.points import SeriesByLabels, combined, readings_and_failures
from outgrow.decide.spans import Span
from outgrow.decide.terms import Terms
from outgrow.facts.forecasts import (
    CheckpointForecast,
    ConditionForecast,
    CrossingDate,
    DailyLevel,
    Dated,
    GradeForecast,
    SeriesForecast,
)
from outgrow.facts.samples import Labels
from outgrow.facts.verdicts import Holding
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.grades import Grade

LevelsByLabels = Mapping[Labels, Sequence[DailyLevel]]

_DAY: Final = timedelta(days=1)
_NOTHING_EARLIER: Final[LevelsByLabels] = {}


def condition_levels(
    terms: Terms, series: SeriesByLabels, now: datetime, zone: ZoneInfo, excluded: Sequence[Span] = ()
) -> LevelsByLabels:
    """Give the daily levels of every series of a condition.

    Where the condition asks for the maximum, the minimum or the sum across label sets, these are first made one series.

    Args:
        terms: the condition with its signal's unit and interval.
        series: the signal's samples by label set, in time order.
        now: the moment of the forecast, timezone-aware; the day that holds it is not whole yet.
        zone: whose midnights divide the days.
        excluded: spans of own load.
    """
    own, _ = readings_and_failures(series)
    if terms.condition.across in {"max", "min", "sum"}:
        own = combined(terms, own)
    return {labels: daily_levels(terms, own[labels], now, zone, excluded) for labels in sorted(own)}


def statistic_of(terms: Terms) -> str:
    """Word everything that gives a condition's daily levels their meaning; other words are other levels.

    The threshold is not part of it: conditions that differ in it alone share their levels.
    """
    condition = terms.condition
    words = ["highest" if condition.rising else "lowest"]
    if condition.m_of_n is not None:
        words.append(f"in {condition.m_of_n}")
    elif condition.sustained_for:
        words.append(f"for {condition.sustained_for}")
    if condition.across in {"max", "min", "sum"}:
        words.append(f"of the {condition.across}")
    words.append(f"every {terms.every.total_seconds():g}s, gap {terms.gap.total_seconds():g}s")
    words.append(f"coverage {condition.min_coverage:g}, min_n {terms.min_n}")
    if condition.include_own_load:
        words.append("with own load")
    return " ".join(words)


def forecast_condition(
    terms: Terms,
    levels: LevelsByLabels,
    today: date,
    earlier: LevelsByLabels = _NOTHING_EARLIER,
    horizon: timedelta = HORIZON,
) -> ConditionForecast:
    """Forecast the crossing of a condition's threshold, per series and combined by its `across`.

    Args:
        terms: the condition with its signal's unit.
        levels: daily levels by label set (`condition_levels`), at best of 60 to 120 days.
        today: the current day in the plan's zone.
        earlier: levels that were kept from before; they count for days that `levels` does not have.
        horizon: how far ahead is looked.
    """
    found = tuple(
        SeriesForecast(
            labels,
            forecast_crossing(
                _joined(earlier.get(labels, ()), levels.get(labels, ())),
                terms.threshold,
                terms.condition.comparison,
                today,
                horizon,
            ),
        )
        for labels in sorted({*levels, *earlier})
    )
    combined_date = across_date(terms.name, terms.condition, found, today)
    return ConditionForecast(terms.name, terms.condition.signal, found, combined_date)


def _joined(earlier: Sequence[DailyLevel], later: Sequence[DailyLevel]) -> Sequence[DailyLevel]:
    by_day = {each.day: each for each in (*earlier, *later)}
    return [by_day[day] for day in sorted(by_day)]


def checkpoint_forecast(
    name: str,
    checkpoint: Checkpoint,
    forecasts: Mapping[str, ConditionForecast],
    holdings: Mapping[str, Holding],
    now: datetime,
    zone: ZoneInfo,
) -> CheckpointForecast:
    """Say per grade when its rule will hold, and by when the step must be started.

    Args:
        name: the checkpoint's.
        checkpoint: its rules and lead time.
        forecasts: by condition; one that is left out has no forecast.
        holdings: by condition, as judged at `now`: what holds has today's date.
        now: timezone-aware.
        zone: the plan's.
    """
    today = now.astimezone(zone).date()
    dates = {condition: each.date for condition, each in forecasts.items()}
    return CheckpointForecast(
        name,
        now,
        today,
        tuple(
            _grade_forecast(grade, rule_date(rule, dates, holdings, today), checkpoint.lead_time, today)
            for grade, rule in checkpoint.grades_downwards
        ),
    )


def _grade_forecast(grade: Grade, found: CrossingDate, lead_time: timedelta, today: date) -> GradeForecast:
    if not isinstance(found, Dated):
        return GradeForecast(grade, found, None, overdue=False)
    # Part of a day of lead time is a day: the step must be done when the day of crossing begins.
    start_by = found.day - timedelta(days=math.ceil(lead_time / _DAY))
    return GradeForecast(grade, found, start_by, overdue=start_by < today)


__all__ = [
    "CONFIDENCE",
    "HISTORY_DAYS",
    "HORIZON",
    "MIN_DAYS",
    "LevelsByLabels",
    "checkpoint_forecast",
    "condition_levels",
    "forecast_condition",
    "forecast_crossing",
    "rule_date",
    "statistic_of",
]
