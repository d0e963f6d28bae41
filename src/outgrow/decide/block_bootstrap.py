"""The circular block bootstrap: how far a figure of a series scatters whose neighbouring values hang together.

Seconds of a load test are no independent draws: a pause, a full queue, a neighbour's work last for several. Drawing
whole blocks of seconds keeps what lies within them (Politis and Romano 1992, "A circular block-resampling procedure for
stationary data"). How long a block must be is read off the series (Politis and White 2004, "Automatic block-length
selection for the dependent bootstrap", with the correction of Patton, Politis and White 2009).
"""

from math import ceil, log10, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SIGNIFICANT: Final = 2.0
"""Politis and White's c: autocorrelations below c sqrt(log10 n / n) count as none."""
_QUIET_LAGS: Final = 5
"""Their K_n: so many in a row must count as none."""


def block_length(series: FloatArray) -> int:
    """Give the block length that suits a series, in its own steps; 1 where neighbours say nothing of each other.

    Args:
        series: values at equal distances, at least one.
    """
    n = len(series)
    centred = series - series.mean()
    spread = float(centred @ centred) / n
    if n < 2 * _QUIET_LAGS or spread <= 0:
        return 1
    lags = min(n - 1, ceil(sqrt(n)) + max(_QUIET_LAGS, ceil(sqrt(log10(n)))))
    covariances = np.array([float(centred[lag:] @ centred[: n - lag]) / n for lag in range(2 * lags + 1) if lag < n])
    reach = min(2 * _last_significant(covariances[: lags + 1] / spread, n), len(covariances) - 1)
    if reach == 0:
        return 1
    share = np.arange(reach + 1) / reach
    weights = np.where(share <= 0.5, 1.0, 2 * (1 - share)) * covariances[: reach + 1]  # noqa: PLR2004 (flat-top kernel)
    bias = 2 * float(np.arange(reach + 1) @ weights)
    level = float(weights[0] + 2 * weights[1:].sum())
    if level <= 0:
        return 1
    wanted = (2 * bias**2 / (4 / 3 * level**2)) ** (1 / 3) * n ** (1 / 3)
    return max(1, min(round(wanted), ceil(min(3 * sqrt(n), n / 3))))


def _last_significant(correlations: FloatArray, n: int) -> int:
    """Give the lag after which correlations count as none for so many lags in a row; the last lag where none does."""
    bound = _SIGNIFICANT * sqrt(log10(n) / n)
    run = 0
    for lag in range(1, len(correlations)):
        run = run + 1 if abs(correlations[lag]) < bound else 0
        if run == _QUIET_LAGS:
            return lag - _QUIET_LAGS
    large = np.flatnonzero(np.abs(correlations[1:]) >= bound)
    return int(large[-1]) + 1 if len(large) else 0


def drawn_blocks(n: int, length: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw blocks until n steps are full, `draws` times; give how often each step was drawn: draws x n.

    Args:
        n: how many steps the series has; it is closed to a ring, so that every step is drawn equally often.
        length: of a block.
        draws: how many resamples.
        rng: where chance comes from; the same seed gives the same resamples.
    """
    blocks = ceil(n / length)
    starts = rng.integers(0, n, size=(draws, blocks))
    steps = ((starts[:, :, None] + np.arange(length)) % n).reshape(draws, blocks * length)[:, :n]
    flat = steps + n * np.arange(draws)[:, None]
    return np.bincount(flat.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)
