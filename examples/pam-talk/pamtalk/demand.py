"""What will be bought: a crop's demand for the next two weeks.

Holt and Winters' exponential smoothing with an additive week; its three weights are found by trying a grid of them and
keeping the one whose forecasts of tomorrow were best. Plain Python on purpose: it is the processor time of a model that
nobody has made fast yet, and both forms of the service run this same code.

Source: P. R. Winters, Forecasting Sales by Exponentially Weighted Moving Averages, Management Science 6 (1960).
"""

from collections.abc import Mapping, Sequence
from itertools import product

from pamtalk.market import DAY, Answer

WEEK = 7
HISTORY_DAYS = 365
AHEAD_DAYS = 14
LEVEL_WEIGHTS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6)
TREND_WEIGHTS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
SEASON_WEIGHTS = LEVEL_WEIGHTS


def first_day(now: int) -> int:
    """Give the first day (days since 1970) of a history that ends yesterday."""
    return now // DAY - HISTORY_DAYS


def predicted(crop: str, sold: Mapping[int, int], now: int) -> Answer:
    """Give the expected demand of the next days, in kilograms.

    Args:
        crop: what is sold.
        sold: kilograms by day (days since 1970); a day that is missing sold nothing.
        now: Unix seconds.
    """
    first = first_day(now)
    history = [float(sold.get(day, 0)) for day in range(first, first + HISTORY_DAYS)]
    _, ahead = min(_smoothed(history, *weights) for weights in product(LEVEL_WEIGHTS, TREND_WEIGHTS, SEASON_WEIGHTS))
    return {
        "crop": crop,
        "from_day": first + HISTORY_DAYS,
        "kg": [max(0, round(kg)) for kg in ahead],
    }


def _smoothed(
    history: Sequence[float], level_weight: float, trend_weight: float, season_weight: float
) -> tuple[float, list[float]]:
    """Give the squared error of forecasting each next day, and the forecast from the end on."""
    level = sum(history[:WEEK]) / WEEK
    trend = 0.0
    season = [value - level for value in history[:WEEK]]
    error = 0.0
    for day in range(WEEK, len(history)):
        value, usual = history[day], season[day % WEEK]
        missed = value - (level + trend + usual)
        error += missed * missed
        before = level
        level = level_weight * (value - usual) + (1 - level_weight) * (level + trend)
        trend = trend_weight * (level - before) + (1 - trend_weight) * trend
        season[day % WEEK] = season_weight * (value - level) + (1 - season_weight) * usual
    end = len(history)
    return error, [level + trend * (step + 1) + season[(end + step) % WEEK] for step in range(AHEAD_DAYS)]
