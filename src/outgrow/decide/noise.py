"""How days hang together: the kinds of noise that a forecast weighs against one another.

A straight line with independent scatter is what most forecasts assume and what few series obey. Each kind here gives
the covariance of the days around a line, relative to one unit of variance:

- `white`: independent scatter of each day;
- `lasting`: scatter that fades, by the factor `keeps` a day (autoregressive of order one);
- `walk`: the level wanders, this much variance is added each day (random walk);
- `bend`: the slope wanders, this much variance is added to it each day (integrated random walk);
- `weekly`: variance of a level of its own for each day of the week.

`prior` is what a kind is worth before any day was seen. The priors are such that intervals cover as promised on
made-up series of every kind; docs/explanation/forecast.md says which recorded series were looked at meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from outgrow.decide.draws import FloatArray

WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Noise:
    """One kind of noise; see the module. Variances are relative to one unit, `keeps` is between 0 and 1."""

    prior: float
    white: float = 1.0
    lasting: float = 0.0
    keeps: float = 0.0
    walk: float = 0.0
    bend: float = 0.0
    weekly: float = 0.0

    @property
    def wanders(self) -> bool:
        """Whether the last day says anything about the next beyond the line."""
        return bool(self.lasting or self.walk or self.bend or self.weekly)

    def covariance(self, days: FloatArray) -> FloatArray:
        """Give the covariance of the days around the line, without the weekly levels.

        Args:
            days: day numbers, rising; the wandering kinds start from nothing one day before the first.
        """
        found = self.white * np.eye(len(days))
        if self.lasting:
            found += self.lasting * self.keeps ** np.abs(days[:, None] - days[None, :])
        if self.walk or self.bend:
            elapsed = days - days[0] + 1
            sooner = np.minimum(elapsed[:, None], elapsed[None, :])
            apart = np.abs(elapsed[:, None] - elapsed[None, :])
            found += self.walk * sooner + self.bend * _bend_covariance(sooner, apart)
        return found

    def with_last_day(self, days: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give what the last day's state has in common with all days, and with itself.

        The state is the lasting and wandering part of the level, the wandered slope, and the seven weekly levels.

        Returns:
            Covariances of shape (days, 9) and (9, 9).
        """
        elapsed = days - days[0] + 1
        last = elapsed[-1]
        shared = np.zeros((len(days), 2 + WEEK))
        if self.lasting:
            shared[:, 0] = self.lasting * self.keeps ** (last - elapsed)
        shared[:, 0] += self.walk * elapsed + self.bend * _bend_covariance(elapsed, last - elapsed)
        shared[:, 1] = self.bend * elapsed * (elapsed + 1) / 2
        shared[:, 2:] = self.weekly * weekday_columns(days)
        own = np.diag([self.lasting + self.walk * last, self.bend * last] + [self.weekly] * WEEK)
        own[0, 0] += self.bend * _bend_covariance(last, 0.0)
        own[0, 1] = own[1, 0] = self.bend * last * (last + 1) / 2
        return shared, own


def _bend_covariance(sooner: FloatArray | float, apart: FloatArray | float) -> FloatArray | float:
    """Sum m (m + apart) for m = 1 .. sooner: two sums of one wandering slope, the later one `apart` days on."""
    return sooner * (sooner + 1) * (2 * sooner + 1) / 6 + apart * sooner * (sooner + 1) / 2


def weekday_columns(days: FloatArray) -> FloatArray:
    """Give a column of ones and zeros per day of the week."""
    return (days[:, None] % WEEK == np.arange(WEEK)).astype(np.float64)


_WEEKLY: Final = ((0.0, 0.5), (2.0, 0.25), (40.0, 0.25))
"""No weekly pattern, a faint one, a strong one (variance relative to the day's own), each with its prior."""


def _shared_out(total: float, kinds: tuple[Noise, ...]) -> Iterator[Noise]:
    for kind in kinds:
        for weekly, share in _WEEKLY:
            yield Noise(total / len(kinds) * share, kind.white, kind.lasting, kind.keeps, kind.walk, kind.bend, weekly)


def _lasting(share: float, keeps: float) -> Noise:
    return Noise(0, white=max(1 - share, 1e-3), lasting=share, keeps=keeps)


FAMILY: Final = (
    *_shared_out(0.80, (Noise(0),)),
    *_shared_out(0.08, tuple(_lasting(share, keeps) for keeps in (0.4, 0.75, 0.93) for share in (0.5, 1.0))),
    *_shared_out(
        0.09,
        (
            Noise(0, walk=0.003),
            Noise(0, walk=0.015),
            Noise(0, walk=0.06),
            Noise(0, walk=0.3),
            Noise(0, 0.05, walk=1.0),
        ),
    ),
    *_shared_out(
        0.03,
        (Noise(0, bend=1e-5), Noise(0, bend=1e-4), Noise(0, bend=1e-3), Noise(0, walk=0.1, bend=2e-4)),
    ),
)
"""Every kind of noise that a forecast weighs; the priors add up to one."""

ROUGH_FAMILY: Final = (
    *_shared_out(0.6, (Noise(0),)),
    *_shared_out(0.4, (_lasting(0.6, 0.6), Noise(0, walk=0.1), Noise(0, 0.05, walk=1.0))),
)
"""A smaller choice, good enough to tell a spike or a shift from noise."""


def inverse_of(matrices: FloatArray) -> FloatArray:
    """Invert one matrix or a stack of them."""
    return np.asarray(np.linalg.inv(matrices), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Factors:
    """What is needed of a family's covariances: their inverses (kinds, days, days) and log determinants (kinds,)."""

    inverses: FloatArray
    log_determinants: FloatArray


@lru_cache(maxsize=4)
def factors(family: tuple[Noise, ...], days: tuple[float, ...]) -> Factors:
    """Invert the covariance of every kind of noise over these days; kept, for many series share their days.

    A covariance is inverted once without its weekly levels; these are seven more dimensions, added by Woodbury's
    identity and the matrix determinant lemma.
    """
    at = np.array(days)
    columns = weekday_columns(at)
    plain: dict[Noise, tuple[FloatArray, float]] = {}
    inverses = np.empty((len(family), len(at), len(at)))
    logs = np.empty(len(family))
    for index, kind in enumerate(family):
        key = replace(kind, prior=0.0, weekly=0.0)
        if key not in plain:
            covariance = key.covariance(at)
            half = np.diagonal(np.linalg.cholesky(covariance))
            plain[key] = inverse_of(covariance), 2 * float(np.log(half).sum())
        inverse, log = plain[key]
        if kind.weekly:
            carried = inverse @ columns
            inner = np.eye(WEEK) + kind.weekly * (columns.T @ carried)
            inverse = inverse - carried @ np.linalg.solve(inner, kind.weekly * carried.T)
            log += float(np.linalg.slogdet(inner)[1])
        inverses[index] = inverse
        logs[index] = log
    return Factors(inverses, logs)
