"""Which moments can be asked for together: evenly spaced ones, in at most 11,000 points a request. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# query_range: "exceeded maximum resolution of 11,000 points per timeseries"; Prometheus counts (end - start) / step.
MAX_POINTS: Final = 11_000
# Points between two wanted moments that are computed for nothing; beyond, another request is cheaper.
_MAX_HOLE: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Range:
    """An even grid from `start` to `end`, all in milliseconds since the epoch; a single moment has step 0."""

    start: int
    end: int
    step: int = 0


def milliseconds(moment: datetime) -> int:
    """Give a moment the way Prometheus counts time."""
    return round((moment - _EPOCH) / _MILLISECOND)


def seconds_text(milliseconds: int) -> str:
    """Write a time or a span of so many milliseconds as the API reads it: `1763683200.250`."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def ranges(moments: Sequence[int], max_points: int = MAX_POINTS) -> Iterator[Range]:
    """Split rising moments into even grids that contain them all; a few holes in a grid are bridged."""
    start = 0
    while start < len(moments):
        end = start
        step = 0
        while end + 1 < len(moments):
            gap = moments[end + 1] - moments[end]
            if step == 0:
                step = gap
            elif gap % step or gap > _MAX_HOLE * step:
                break
            if (moments[end + 1] - moments[start]) // step >= max_points:
                break
            end += 1
        yield Range(moments[start], moments[end], step if end > start else 0)
        start = end + 1
