"""Daily levels for the tests of forecasts, in as few words as possible."""

import math
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from outgrow.decide.crossing import forecast_crossing
from outgrow.facts.forecasts import (
    AlreadyCrossed,
    Crosses,
    DailyLevel,
    Flat,
    Forecast,
    NotBefore,
    Trend,
)

TODAY = date(2026, 3, 2)


def days(levels: Iterable[float], until: date = TODAY) -> tuple[DailyLevel, ...]:
    """Levels of the days before `until`; NaN leaves a day out."""
    given = [float(each) for each in levels]
    first = until - timedelta(days=len(given))
    return tuple(
        DailyLevel(first + timedelta(days=index), level, 1.0)
        for index, level in enumerate(given)
        if not math.isnan(level)
    )


def ahead(count: int) -> date:
    return TODAY + timedelta(days=count)


def noisy(
    count: int, slope: float = 0.0, noise: float = 1.0, level: float = 70.0, seed: int = 1
) -> NDArray[np.float64]:
    """A line with independent noise."""
    return level + slope * np.arange(count) + noise * np.random.default_rng(seed).standard_normal(count)


def peaks(count: int, slope: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Daily maxima of a cycle of mean 50 and amplitude 20, sampled hourly with noise 2."""
    hours = np.arange(count * 24) / 24
    values = 50 + slope * hours + 20 * np.sin(2 * np.pi * hours) + 2 * rng.standard_normal(len(hours))
    return values.reshape(count, 24).max(axis=1)


def crossing(levels: Iterable[float], above: float) -> Forecast:
    return forecast_crossing(days(levels), above, "above", TODAY)


def crosses(found: Forecast) -> Crosses:
    assert isinstance(found, Crosses), found
    return found


def trend_of(found: Forecast) -> Trend:
    assert isinstance(found, (Crosses, NotBefore, Flat, AlreadyCrossed)), found
    assert found.trend is not None
    return found.trend
