"""Made-up series whose truth is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from forecast_trial.methods import Floats, Method, Past, Said

SAMPLES_A_DAY = 24
AHEAD = 365
Maker = Callable[[int, np.random.Generator], Floats]
"""Gives (days, samples a day)."""


def daily_cycle(slope: float, noise: float) -> Maker:
    """Mean 50, a daily sine of amplitude 20, growth per day, independent noise on every sample."""

    def make(days: int, rng: np.random.Generator) -> Floats:
        at = np.arange(days * SAMPLES_A_DAY) / SAMPLES_A_DAY
        values = 50 + slope * at + 20 * np.sin(2 * np.pi * at) + noise * rng.standard_normal(len(at))
        return values.reshape(days, SAMPLES_A_DAY)

    return make


def with_days_noise(slope: float, noise: float, keeps: float, weekend: float = 0.0) -> Maker:
    """The daily cycle with noise 2, and a part that moves a whole day: fading by `keeps`, lower at weekends."""
    cycle = daily_cycle(slope, 2.0)

    def make(days: int, rng: np.random.Generator) -> Floats:
        moved = np.empty(days)
        moved[0] = rng.standard_normal()
        for day in range(1, days):
            moved[day] = keeps * moved[day - 1] + np.sqrt(1 - keeps**2) * rng.standard_normal()
        low = weekend * (np.arange(days) % 7 >= 5)
        return cycle(days, rng) + (noise * moved - low)[:, None]

    return make


def with_shift(slope: float, height: float, days_ago: int) -> Maker:
    """The daily cycle with noise 2 whose level rose at once, `days_ago` days before the end of a 60-day history."""
    cycle = daily_cycle(slope, 2.0)

    def make(days: int, rng: np.random.Generator) -> Floats:
        return cycle(days, rng) + np.where(np.arange(days) >= 60 - days_ago, height, 0.0)[:, None]

    return make


@dataclass
class Tally:
    """Counts over runs of one setting."""

    runs: int = 0
    dated: int = 0
    covered: int = 0
    early: int = 0
    covered_mean: int = 0
    open_ended: int = 0
    errors: list[int] = field(default_factory=list[int])
    widths: list[int] = field(default_factory=list[int])

    def count(self, said: Said, first_day: int, mean_day: int) -> None:
        """Take in one run; `first_day` is when a daily level first crossed, `mean_day` when the expected one did."""
        self.runs += 1
        if said.day is None or said.earliest is None:
            return
        self.dated += 1
        latest = AHEAD if said.latest is None else said.latest
        self.covered += said.earliest <= first_day <= latest
        self.covered_mean += said.earliest <= mean_day <= latest
        self.early += first_day < said.earliest
        self.open_ended += said.latest is None
        self.errors.append(said.day - first_day)
        if said.latest is not None:
            self.widths.append(said.latest - said.earliest)

    def share(self, count: int) -> float:
        """Give a count as a share of the runs with a date."""
        return count / self.dated if self.dated else float("nan")


def false_dates(
    make: Maker, history: int, threshold: float, runs: int, methods: Mapping[str, Method]
) -> dict[str, float]:
    """Give the share of trendless series for which a method names a date, though none crosses."""
    rng = np.random.default_rng(history)
    said = dict.fromkeys(methods, 0)
    for _ in range(runs):
        raw = make(history, rng)
        past = Past(raw, raw.max(axis=1))
        for name, method in methods.items():
            said[name] += method(past, threshold).day is not None
    return {name: count / runs for name, count in said.items()}


def coverage(
    make: Maker, slope: float, history: int, ahead: int, runs: int, methods: Mapping[str, Method]
) -> dict[str, Tally]:
    """Judge intervals on growing series whose expected level crosses `ahead` days after the history."""
    rng = np.random.default_rng(history)
    # The expected level of a day is learnt from many days of its own kind.
    expected = float(np.mean(make(2000, rng).max(axis=1) - slope * np.arange(2000)))
    tallies = {name: Tally() for name in methods}
    for _ in range(runs):
        raw = make(history + AHEAD, rng)
        levels = raw.max(axis=1)
        threshold = expected + slope * (history + ahead)
        if (levels[:history] > threshold).any():
            continue
        past = Past(raw[:history], levels[:history])
        first = int(np.argmax(levels[history:] > threshold))
        for name, method in methods.items():
            tallies[name].count(method(past, threshold), first, ahead)
    return tallies
