"""Bounded least squares of a few unknowns: what a scaling law is fitted by.

Levenberg's and Marquardt's damped Gauss-Newton steps (K. Levenberg, Quarterly of Applied Mathematics 2, 1944;
D. W. Marquardt, SIAM Journal 11, 1963), scaled by the columns of the slopes, so that the units of the unknowns do not
matter. A bound that the descent pushes against holds its unknown still for that step; a step that would leave the
bounds ends at them (projection, C. T. Kelley, Iterative Methods for Optimization, SIAM 1999, chapter 5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

Residuals = Callable[[FloatArray], tuple[FloatArray, FloatArray] | None]
"""From the unknowns (k) to the residuals (n) and their slopes (n, k); None where the model does not exist."""

_ROUNDS: Final = 200
_FIRST_DAMPING: Final = 1e-4
_LEAST_DAMPING: Final = 1e-12
_STUCK: Final = 1e12
_ROUNDING: Final = 1e-13
_NOTHING: Final = 1e-28


@dataclass(frozen=True, slots=True)
class Least:
    """Where the sum of squares is least, and what it is there."""

    at: FloatArray
    squares: float


def least_squares(residuals: Residuals, start: FloatArray, lower: FloatArray, upper: FloatArray) -> Least | None:
    """Find unknowns within their bounds at which the sum of squared residuals has a minimum near the start.

    Args:
        residuals: the model; about 1 in size, so that rounding can be told from misfit.
        start: shape (k,); moved into the bounds first.
        lower: shape (k,); may be -inf.
        upper: shape (k,); may be inf.

    Returns:
        The minimum (a local one: start from several places), None where the model does not exist at the start.
    """
    at = np.clip(start, lower, upper)
    found = residuals(at)
    if found is None:
        return None
    left, slopes = found
    squares = float(left @ left)
    damping = _FIRST_DAMPING
    for _ in range(_ROUNDS):
        downhill = -(slopes.T @ left)
        free = ~(((at <= lower) & (downhill <= 0)) | ((at >= upper) & (downhill >= 0)))
        if not free.any() or damping > _STUCK:
            break
        step = _step(slopes[:, free], left, damping)
        promised = slopes[:, free] @ step
        if -float(promised @ (2 * left + promised)) <= max(_ROUNDING * squares, _NOTHING):
            break
        trial = at.copy()
        trial[free] += step
        trial = np.minimum(np.maximum(trial, lower), upper)
        found = residuals(trial)
        there = float(found[0] @ found[0]) if found is not None else np.inf
        if found is None or not there < squares:
            damping *= 4
            continue
        at, (left, slopes), squares = trial, found, there
        damping = max(damping / 8, _LEAST_DAMPING)
    return Least(at, squares)


def _step(slopes: FloatArray, left: FloatArray, damping: float) -> FloatArray:
    sizes = np.sqrt(np.sum(slopes**2, axis=0))
    sizes[sizes == 0] = 1.0
    unit = slopes / sizes
    # Solving the stacked matrix keeps the digits that the normal equations would lose.
    stacked = np.concatenate([unit, np.diag(np.full(len(sizes), damping**0.5))])
    wanted = np.concatenate([-left, np.zeros(len(sizes))])
    return np.linalg.lstsq(stacked, wanted, rcond=None)[0] / sizes
