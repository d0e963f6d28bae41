"""Recorded series, judged from rolling origins: at each, only the past is shown, and the future is waited for."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from forecast_trial.methods import HORIZON_DAYS, Floats, Method, Past, Said

SPAN = 60
RATIOS = (1.05, 1.15, 1.3, 1.6)
"""Thresholds, as multiples of the 90 % quantile of the last fourteen daily levels."""

EVERY = 5
"""Days from origin to origin."""


@dataclass(frozen=True)
class Trial:
    """A part of a recorded series.

    `day` is how long a day is taken to be, in seconds (shorter ones stretch a short series); origins lie in
    [first, last) and may look back before `first`; `last` is also where the observation ends.
    """

    title: str
    file: str
    histories: tuple[int, ...]
    first: int = 0
    last: int | None = None
    day: int = 86_400

    def series(self, directory: Path) -> Floats:
        """Read (days, samples a day) up to `last`."""
        with gzip.open(directory / f"{self.file}.csv.gz", "rt") as lines:
            rows = np.loadtxt(lines, delimiter=",", skiprows=1)
        a_day = round(self.day / (rows[1, 0] - rows[0, 0]))
        days = len(rows) // a_day
        return rows[: days * a_day, 1].reshape(days, a_day)[: self.last]


FIRST_LOOK = (
    Trial("application server, first half", "appserver_2015_2017_1h", (28, 60, 120), last=500),
    Trial("taxi, first half", "nyc_taxi_30m", (28, 60), last=110),
)
"""What was looked at while the method was made."""

LAST_LOOK = (
    Trial("application server, second half", "appserver_2015_2017_1h", (28, 60, 120), first=500),
    Trial("taxi, second half", "nyc_taxi_30m", (28, 60, 120), first=110),
    Trial("World Cup", "worldcup98_may_jun_1m", (14, 21, 28)),
    Trial("NASA, 6 h as a day", "nasa_jul95_1m", (28, 60), day=21_600),
    Trial("load balancer, 4 h as a day", "aws_elb_5m", (28, 42), day=14_400),
    Trial("LLM serving, 4 h as a day", "servegen_m_small_10m", (28, 42), day=14_400),
)
"""What was looked at once, when the method was done."""


def sustained(raw: Floats, samples: int) -> Floats:
    """Give each day's highest level that lasted for so many samples; the stretch may begin the day before."""
    flat = raw.ravel()
    held = flat.copy()
    for back in range(1, samples):
        held[back:] = np.minimum(held[back:], flat[:-back])
    held[: samples - 1] = -np.inf
    return held.reshape(raw.shape).max(axis=1)


@dataclass
class Score:
    """What came of a method's statements."""

    cases: int = 0
    dated: int = 0
    soon: int = 0
    false: int = 0
    never: int = 0
    crossed: int = 0
    missed: int = 0
    decided: int = 0
    covered: int = 0
    due: int = 0
    crossed_by_day: int = 0
    errors: list[int] = field(default_factory=list[int])

    def __add__(self, other: "Score") -> "Score":
        """Add up two scores, field by field."""
        return Score(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def count(self, said: Said, truth: int | None, left: int) -> None:
        """Take in one case: `truth` is the day of the crossing, None when it did not come in the `left` days seen."""
        self.cases += 1
        span = min(SPAN, left)
        crossed_soon = truth is not None and truth < span
        self.crossed += crossed_soon
        self.missed += crossed_soon and (said.day is None or said.day >= span)
        if said.day is None:
            return
        self.dated += 1
        if said.day < span:
            self.soon += 1
            self.false += not crossed_soon
            self.never += truth is None
        if said.day < left:
            self.due += 1
            self.crossed_by_day += truth is not None and truth <= said.day
        if truth is not None:
            self.errors.append(abs(said.day - truth))
        if said.earliest is not None:
            self._count_interval(said.earliest, said.latest, truth, left)

    def _count_interval(self, earliest: int, latest: int | None, truth: int | None, left: int) -> None:
        """Judge an interval where the days seen can judge it: a crossing after them may still lie inside."""
        end = HORIZON_DAYS if latest is None else latest
        if truth is not None:
            self.decided += 1
            self.covered += earliest <= truth <= end
        elif end < left:
            self.decided += 1


def cases(trial: Trial, levels: Floats) -> Iterator[tuple[int, int, float]]:
    """Give (history, origin, threshold); thresholds that a day of the last week exceeds are passed over."""
    for history in trial.histories:
        for origin in range(max(trial.first, history), len(levels) - 7, EVERY):
            past = levels[origin - history : origin]
            usual = float(np.quantile(past[-14:], 0.9))
            for ratio in RATIOS:
                if past[-7:].max() <= usual * ratio:
                    yield history, origin, usual * ratio


def judge(trial: Trial, directory: Path, samples: int, methods: Mapping[str, Method]) -> dict[tuple[str, int], Score]:
    """Judge every method by history length, for a condition that must last for so many samples."""
    raw = trial.series(directory)
    levels = sustained(raw, samples)
    scores: dict[tuple[str, int], Score] = {}
    for history, origin, threshold in cases(trial, levels):
        beyond = levels[origin:] > threshold
        truth = int(np.argmax(beyond)) if beyond.any() else None
        past = Past(raw[origin - history : origin], levels[origin - history : origin])
        for name, method in methods.items():
            said = method(past, threshold)
            scores.setdefault((name, history), Score()).count(said, truth, len(levels) - origin)
    return scores
