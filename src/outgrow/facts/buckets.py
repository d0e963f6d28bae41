"""Durations counted in logarithmic buckets: small, and they add up exactly.

Each bucket is about 2 % wide, so a quantile is off by at most 1 % of itself, whatever was recorded (the buckets of
DDSketch: Masson, Rim and Lee 2019). Below a microsecond everything is one bucket.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from math import ceil, inf, log
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, PlainSerializer

RELATIVE_ERROR: Final = 0.01
"""How far a quantile may be from the recorded duration that it stands for."""
FINEST_SECONDS: Final = 1e-6
_FACTOR: Final = 1 + 2 * 0.0099 / (1 - 0.0099)
"""From one bucket's lower edge to the next; a hair below what the promised error allows, for rounding at the edges."""
_MIDDLE: Final = 2 * _FACTOR / (1 + _FACTOR)
"""From a bucket's lower edge to the value in it that is equally far, as a share, from both edges."""
PER_NEPER: Final = 1 / log(_FACTOR)
ORIGIN: Final = -log(FINEST_SECONDS) * PER_NEPER


def bucket_of(seconds: float) -> int:
    """Give the bucket that a duration falls into; the first, 0, holds everything below a microsecond."""
    return 0 if seconds < FINEST_SECONDS else int(log(seconds) * PER_NEPER + ORIGIN)


def middle_of(bucket: int) -> float:
    """Give the duration in seconds that stands for all in a bucket."""
    return FINEST_SECONDS * _FACTOR**bucket * _MIDDLE


def rank_of(share: float, count: int) -> int:
    """Give which of `count` values in order, the first being 1, at least a share of them do not exceed."""
    return max(1, ceil(share * count))


def quantile_of(counts: Mapping[int, int], count: int, least: float, greatest: float, share: float) -> float | None:
    """Give the smallest duration that at least a share of the counted ones do not exceed; none when there are none.

    This is the one definition of a percentile in load tests: the nearest rank, the inverse of the cumulative
    distribution (Hyndman and Fan 1996, definition 1; numpy's `inverted_cdf`), which is a duration that was recorded.

    Args:
        counts: how many durations fell into each bucket.
        count: how many there are in all.
        least: the least of them in seconds, exactly.
        greatest: the greatest of them in seconds, exactly.
        share: from 0 to 1; 0.95 is the 95th percentile, 0 the least, 1 the greatest.

    Raises:
        ValueError: the share is beyond 0 or 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is no share; write 0.95 for the 95th percentile")
    if count == 0:
        return None
    rank = rank_of(share, count)
    if rank == count:
        return greatest
    if rank == 1:
        return least
    seen = 0
    for bucket, held in sorted(counts.items()):
        seen += held
        if seen >= rank:
            return min(max(middle_of(bucket), least), greatest)
    return greatest


_Code = Literal["B", "H", "I", "Q"]
_CODES: Final[tuple[tuple[_Code, int], ...]] = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))
"""The types of an array, and from which count on each is too small."""


def _code_for(most: int) -> _Code:
    for code, end in _CODES:
        if most < end:
            return code
    return "Q"


class Counts(Mapping[int, int]):
    """How many durations fell into each bucket, in three bytes or so a bucket where a dict takes fifty.

    A long run keeps thousands of these. Buckets stand in rising order.
    """

    __slots__ = ("_buckets", "_code", "_counts")

    def __init__(self, counts: Mapping[int, int]) -> None:
        """Take counts over.

        Raises:
            ValueError: a bucket is below 0 or beyond that of the greatest float, or a count is below 0.
        """
        ordered = sorted(counts)
        most = max(counts.values(), default=0)
        self._code: _Code = _code_for(most)
        # Bytes, for an array object takes as much again as a second's buckets.
        try:
            self._buckets = array("H", ordered).tobytes()
            self._counts = array(self._code, [counts[bucket] for bucket in ordered]).tobytes()
        except OverflowError as error:
            raise ValueError(f"these are no counts by bucket: {error}") from None

    def __getitem__(self, bucket: int) -> int:
        """Give a bucket's count.

        Raises:
            KeyError: nothing fell into it.
        """
        buckets = memoryview(self._buckets).cast("H")
        place = bisect_left(buckets, bucket)
        if place == len(buckets) or buckets[place] != bucket:
            raise KeyError(bucket)
        return memoryview(self._counts).cast(self._code)[place]

    def __iter__(self) -> Iterator[int]:
        """Give the buckets, the lowest first."""
        return iter(memoryview(self._buckets).cast("H"))

    def __len__(self) -> int:
        """Say how many buckets hold something."""
        return len(self._buckets) // 2

    def items(self) -> ItemsView[int, int]:
        """Give the buckets with their counts."""
        return self._opened().items()

    def values(self) -> ValuesView[int]:
        """Give the counts."""
        return self._opened().values()

    def __repr__(self) -> str:
        """Show it as what it stands for."""
        return f"{type(self).__name__}({self._opened()})"

    def _opened(self) -> dict[int, int]:
        return dict(zip(array("H", self._buckets), array(self._code, self._counts), strict=True))


def _plain(counts: Mapping[int, int]) -> dict[int, int]:
    return dict(counts.items())


@dataclass(frozen=True, slots=True)
class Buckets:
    """Durations in seconds: how many fell into each bucket; the sum, the least and the greatest are exact."""

    counts: Annotated[Mapping[int, int], AfterValidator(Counts), PlainSerializer(_plain, dict[int, int])]
    total_seconds: float
    least_seconds: float
    greatest_seconds: float

    @property
    def count(self) -> int:
        """How many durations there are."""
        return sum(self.counts.values())

    @property
    def mean_seconds(self) -> float | None:
        """The mean, exact; none when there are none."""
        count = self.count
        return self.total_seconds / count if count else None

    def middles(self) -> Iterator[tuple[float, int]]:
        """Give each bucket's duration in seconds, and how many it holds."""
        return ((middle_of(bucket), count) for bucket, count in self.counts.items())

    def quantile(self, share: float) -> float | None:
        """Give a quantile in seconds; none when there are none.

        Raises:
            ValueError: the share is beyond 0 or 1.
        """
        return quantile_of(self.counts, self.count, self.least_seconds, self.greatest_seconds, share)


NOTHING: Final = Buckets({}, 0.0, inf, 0.0)
"""No durations."""


def together(parts: Iterable[Buckets]) -> Buckets:
    """Give all durations of several."""
    counts: Counter[int] = Counter()
    total, least, greatest = 0.0, inf, 0.0
    for part in parts:
        counts.update(dict(part.counts.items()))
        total += part.total_seconds
        least = min(least, part.least_seconds)
        greatest = max(greatest, part.greatest_seconds)
    return Buckets(Counts(counts), total, least, greatest)
