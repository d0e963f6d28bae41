"""Durations while they are being recorded; `outgrow.facts.buckets` has the buckets and their mathematics."""

from collections import defaultdict
from math import inf, log

from outgrow.facts.buckets import FINEST_SECONDS, ORIGIN, PER_NEPER, RELATIVE_ERROR, Buckets, Counts, quantile_of


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
        # `bucket_of` written out: a call costs half as much again, on every request.
        if seconds < FINEST_SECONDS:
            seconds = max(seconds, 0.0)
            self.buckets[0] += 1
        else:
            self.buckets[int(log(seconds) * PER_NEPER + ORIGIN)] += 1
        self.count += 1
        self.total += seconds
        # Compared by hand: `max` costs three times as much, on every request.
        if seconds > self.greatest:  # noqa: PLR1730
            self.greatest = seconds
        if seconds < self.least:  # noqa: PLR1730
            self.least = seconds

    def merge(self, other: "Histogram | Buckets") -> None:
        """Add everything that another histogram holds."""
        is_live = isinstance(other, Histogram)
        for bucket, count in (other.buckets if is_live else other.counts).items():
            self.buckets[bucket] += count
        self.count += other.count
        self.total += other.total if is_live else other.total_seconds
        self.least = min(self.least, other.least if is_live else other.least_seconds)
        self.greatest = max(self.greatest, other.greatest if is_live else other.greatest_seconds)

    def quantile(self, share: float) -> float | None:
        """Give the smallest duration that at least this share of the recorded ones do not exceed; none when empty.

        Args:
            share: from 0 to 1; 0.95 is the 95th percentile, 0 the least, 1 the greatest.
        """
        return quantile_of(self.buckets, self.count, self.least, self.greatest, share)

    def facts(self) -> Buckets:
        """Give what was recorded so far."""
        return Buckets(Counts(self.buckets), self.total, self.least, self.greatest)

    @property
    def mean(self) -> float | None:
        """The mean in seconds, exact; none when empty."""
        return self.total / self.count if self.count else None


__all__ = ["RELATIVE_ERROR", "Histogram"]
