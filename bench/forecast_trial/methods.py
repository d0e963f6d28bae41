"""The forecast and its rivals, each as a function from a history to what it says about a threshold.

Days ahead are counted from today, which is
the first day after the history.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from outgrow.decide.crossing import forecast_crossing
from outgrow.facts.forecasts import Crosses, DailyLevel

Floats = NDArray[np.float64]

TODAY = date(2026, 3, 2)
HORIZON_DAYS = 365
Z = 1.6449


@dataclass(frozen=True)
class Past:
    """What a method sees: the samples (days, samples a day) and the level of each day."""

    samples: Floats
    levels: Floats


@dataclass(frozen=True)
class Said:
    """What a method says: the day of the crossing and its interval in days ahead, None where it gives none."""

    day: int | None
    earliest: int | None = None
    latest: int | None = None


NOTHING = Said(None)
Method = Callable[["Past", float], Said]


def outgrow_says(past: Past, threshold: float) -> Said:
    """Forecast as the product does."""
    levels = past.levels
    count = len(levels)
    daily = [DailyLevel(TODAY - timedelta(days=count - index), float(level), 1.0) for index, level in enumerate(levels)]
    found = forecast_crossing(daily, threshold, "above", TODAY, timedelta(days=HORIZON_DAYS))
    if not isinstance(found, Crosses):
        return NOTHING
    return Said(
        (found.day - TODAY).days,
        (found.earliest - TODAY).days,
        None if found.latest is None else (found.latest - TODAY).days,
    )


def line_through_samples(past: Past, threshold: float) -> Said:
    """Draw a straight line through all samples, as predict_linear does."""
    samples = past.samples.ravel()
    at = np.arange(len(samples)) / past.samples.shape[1]
    slope, level = np.polyfit(at, samples, 1)
    if slope <= 0:
        return NOTHING
    ahead = int(np.ceil(max(0.0, (threshold - level) / slope - len(past.samples))))
    return Said(ahead) if ahead < HORIZON_DAYS else NOTHING


def line_through_days(past: Past, threshold: float) -> Said:
    """Draw a straight line through the daily levels, with the 90 % prediction band of least squares."""
    levels = past.levels
    count = len(levels)
    at = np.arange(count, dtype=np.float64)
    slope, level = np.polyfit(at, levels, 1)
    freedom = count - 2
    scale = np.sqrt(np.sum((levels - level - slope * at) ** 2) / freedom)
    ahead = np.arange(count, count + HORIZON_DAYS)
    spread = scale * np.sqrt(1 + 1 / count + (ahead - at.mean()) ** 2 / np.sum((at - at.mean()) ** 2))
    quantile = Z + (Z**3 + Z) / (4 * freedom)  # Student's t by Cornish and Fisher
    middle = level + slope * ahead
    return _by_bands(middle - quantile * spread, middle, middle + quantile * spread, threshold)


def _by_bands(low: Floats, middle: Floats, high: Floats, threshold: float) -> Said:
    days = [int(np.argmax(each > threshold)) if (each > threshold).any() else None for each in (middle, high, low)]
    return NOTHING if days[0] is None else Said(*days)


def _statsforecast() -> Mapping[str, Method]:
    """Give the models of statsforecast, where it is installed."""
    try:
        from statsforecast.models import AutoETS, AutoTheta  # noqa: PLC0415 # pyright: ignore[reportMissingImports]
    except ImportError:
        return {}

    def says(model: type) -> Method:
        def method(past: Past, threshold: float) -> Said:
            found = model(season_length=7).forecast(y=past.levels, h=HORIZON_DAYS, level=[90])
            return _by_bands(found["lo-90"], found["mean"], found["hi-90"], threshold)

        return method

    return {"AutoETS (statsforecast)": says(AutoETS), "AutoTheta (statsforecast)": says(AutoTheta)}


METHODS: Mapping[str, Method] = {
    "outgrow": outgrow_says,
    "line, daily levels": line_through_days,
    "line, raw samples": line_through_samples,
    **_statsforecast(),
}
