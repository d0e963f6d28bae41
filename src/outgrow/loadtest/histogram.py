"""Histograms of durations with logarithmic buckets: small, cheap to record, and they add up exactly.

Each bucket is about 2 % wide, so a quantile is off by at most 1 % of itself, whatever was recorded (the buckets of
DDSketch: Masson, Rim and Lee 2019). Below a microsecond everything is one bucket.
"""

from collections import defaultdict
from math import ceil, inf, log
from typing import Final

RELATIVE_ERROR: Final = 0.01
"""How far a quantile may be from the recorded duration that it stands for."""
_FINEST_SECONDS: Final = 1e-6
_FACTOR: Final = 1 + 2 * 0.0099 / (1 - 0.0099)
"""From one bucket's lower edge to the next; a hair below what the promised error allows, for rounding at the edges."""
_MIDDLE: Final = 2 * _FACTOR / (1 + _FACTOR)
"""From a bucket's lower edge to the value in it that is equally far, as a share, from both edges."""
_PER_NEPER: Final = 1 / log(_FACTOR)
_ORIGIN: Final = -log(_FINEST_SECONDS) * _PER_NEPER


class Histogram:
    """Durations in seconds; the least, the greatest and the sum are kept exactly."""

    __slots__ = ("buckets", "count", "greatest", "least", "total")

    def __init__(self) -> None:
        """Begin empty."""
        self.buckets: defaultdict[int, int] = defaultdict(int)
        self.count = 0
        self.total = 0.0
        self.least = inf
        self.greatest = 0.0

    def record(self, seconds: float) -> None:
        """Add a duration; one below 0 (a clock set back) counts as 0."""
        if seconds < _FINEST_SECONDS:
            seconds = max(seconds, 0.0)
            self.buckets[0] += 1
        else:
            self.buckets[int(log(seconds) * _PER_NEPER + _ORIGIN)] += 1
        self.count += 1
        self.total += seconds
        # Compared by hand: `max` costs three times as much, on every request.
        if seconds > self.greatest:  # noqa: PLR1730
            self.greatest = seconds
        if seconds < self.least:  # noqa: PLR1730
            self.least = seconds

    def merge(self, other: "Histogram") -> None:
        """Add everything that another histogram holds."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] += count
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.greatest = max(self.greatest, other.greatest)

    def quantile(self, share: float) -> float | None:
        """Give the smallest duration that at least this share of the recorded ones do not exceed; none when empty.

        Args:
            share: from 0 to 1; 0.95 is the 95th percentile, 0 the least, 1 the greatest.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"{share} is no share; write 0.95 for the 95th percentile")
        if self.count == 0:
            return None
        rank = max(1, ceil(share * self.count))
        if rank == self.count:
            return self.greatest
        if rank == 1:
            return self.least
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return min(max(_FINEST_SECONDS * _FACTOR**bucket * _MIDDLE, self.least), self.greatest)
        return self.greatest

    @property
    def mean(self) -> float | None:
        """The mean in seconds, exact; none when empty."""
        return self.total / self.count if self.count else None
