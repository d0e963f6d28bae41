"""Student's t, which tells how far an estimate from few points may be off.

Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4: for whole degrees
of freedom the probability is a finite sum of cosines.
"""

import math

from outgrow.errors import UsageError


def two_sided_t(confidence: float, freedom: int) -> float:
    """Give t such that |T| <= t with the probability `confidence`.

    Args:
        confidence: between 0 and 1, both excluded.
        freedom: degrees of freedom, at least 1.

    Raises:
        UsageError: a confidence or degrees of freedom that no distribution has.
    """
    if not 0 < confidence < 1:
        raise UsageError(f"confidence {confidence:g}: must lie between 0 and 1, such as 0.95")
    if freedom < 1:
        raise UsageError(f"{freedom} degrees of freedom: needs at least one point more than there are parameters")
    low, high = 0.0, math.pi / 2
    # In the angle atan(t / sqrt(freedom)) the whole distribution lies between 0 and a right angle.
    while (middle := (low + high) / 2) not in {low, high}:
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return math.sqrt(freedom) * math.tan(high)


def _within(angle: float, freedom: int) -> float:
    """Give the probability that |T| is at most sqrt(freedom) tan(angle)."""
    square = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom, 2):
        term *= square * (step - 1) / step
        total += term
    return 2 / math.pi * (angle + total) if odd else total
