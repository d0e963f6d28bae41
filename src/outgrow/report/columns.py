"""Many samples on few pixels: the lowest and the highest of each column survive, and so do gaps.

A mean would hide the very peaks that thresholds are about. Columns begin at whole multiples of their width since the
epoch, so that a peak stays in its column when the chart's ends move.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from outgrow.facts.samples import Measured, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]
"""Seconds since the epoch, and a value."""
Stretch = tuple[float, float]
"""From and to, in seconds since the epoch."""

_WIDTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_NEIGHBOURS: Final = 4
_HOLE: Final = 2.5
"""A distance to the next sample that is this many times the usual one is a hole."""


def column_width(start: float, end: float, columns: int) -> int:
    """Give the width of a column in seconds: a round one, so that at most `columns` cover the time from start to end.

    Raises:
        ValueError: fewer than one column.
    """
    if columns < 1:
        raise ValueError("a chart needs at least one column")
    wanted = max(end - start, 0.0) / columns
    days = -(-wanted // 86400)
    return next((width for width in _WIDTHS if width >= wanted), int(days) * 86400)


def thinned(points: Sequence[Point], start: float, end: float, columns: int) -> list[Point]:
    """Keep the lowest and the highest point of every column, and the first and the last of all.

    Args:
        points: in time order, finite.
        start: of the chart, in seconds since the epoch.
        end: of the chart.
        columns: at most so many columns.

    Returns:
        Points of the given ones, in time order; all of them where there are no more than two a column.
    """
    if len(points) <= 2 * columns:
        return list(points)
    import numpy as np  # noqa: PLC0415 (the tables of a load test, which shares this room, are printed without it)

    times = np.array([time for time, _ in points], dtype=np.float64)
    values = np.array([value for _, value in points], dtype=np.float64)
    cells = np.floor_divide(times, column_width(start, end, columns)).astype(np.int64)
    firsts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    kept = {0, len(points) - 1}
    for low, high in zip(_where(np.minimum, values, firsts), _where(np.maximum, values, firsts), strict=True):
        kept |= {low, high}
    return [points[each] for each in sorted(kept)]


def _where(
    extreme: "np.ufunc",
    values: "NDArray[np.float64]",
    firsts: "NDArray[np.int64]",
) -> list[int]:
    """Give the first index at which each cell's extreme stands; cells begin at `firsts` and are never empty."""
    import numpy as np  # noqa: PLC0415 (as above)

    reached = np.repeat(extreme.reduceat(values, firsts), np.diff(firsts, append=len(values)))
    hits = np.flatnonzero(values == reached)
    return hits[np.searchsorted(hits, firsts)].tolist()


def gaps(samples: Sequence[Sample], every: timedelta, start: float, end: float) -> list[Stretch]:
    """Find the stretches without a value: samples that are missing, and holes where no sample was taken at all.

    Args:
        samples: in time order.
        every: how often the signal is measured.
        start: of the chart, in seconds since the epoch; what was over by then is passed over.
        end: of the chart; what is missing last is missing up to here.

    Returns:
        Stretches in time order, from the last value before to the first one after. History may be sparser than
        `every`: a hole is what is much longer than the distances around it.
    """
    times = [sample.at.timestamp() for sample in samples]
    if not times:
        return []
    found: list[Stretch] = []
    last_value: float | None = None
    open_since: float | None = None
    holes = _holes(times, every.total_seconds())
    for position, sample in enumerate(samples):
        now = times[position]
        if not isinstance(sample, Measured):
            open_since = open_since if open_since is not None else (last_value if last_value is not None else now)
            continue
        if open_since is not None:
            found.append((open_since, now))
        elif position and position - 1 in holes:
            found.append((times[position - 1], now))
        last_value, open_since = now, None
    if open_since is not None:
        found.append((open_since, max(end, times[-1])))
    return [(max(since, start), until) for since, until in found if until > start]


def _holes(times: Sequence[float], every: float) -> set[int]:
    """Give the positions after which a distance is much longer than the interval and than those around it.

    What is usual is the larger of the medians before and after: where the step changes, the wider one is as usual.
    """
    import numpy as np  # noqa: PLC0415 (as above)
    from numpy.lib.stride_tricks import sliding_window_view  # noqa: PLC0415

    distances = np.diff(np.array(times, dtype=np.float64))
    long = np.flatnonzero(distances > _HOLE * every)
    if len(long) == 0:
        return set()
    around = sliding_window_view(np.pad(distances, _NEIGHBOURS), _NEIGHBOURS)
    before, after = around[long], around[long + _NEIGHBOURS + 1]
    middle = _NEIGHBOURS // 2
    usual = np.maximum(np.partition(before, middle)[:, middle], np.partition(after, middle)[:, middle])
    return set(long[distances[long] > _HOLE * usual].tolist())


def with_breaks(points: Sequence[Point], stretches: Sequence[Stretch]) -> list[tuple[float, float | None]]:
    """Put a point without a value into every stretch that lies between two points, so that a line breaks there."""
    if not points:
        return []
    times = [time for time, _ in points]
    broken: dict[int, float] = {}
    for low, high in stretches:
        after = bisect_left(times, high)
        if 0 < after < len(points) and times[after - 1] <= low:
            broken[after] = (low + high) / 2
    shown: list[tuple[float, float | None]] = []
    for position, point in enumerate(points):
        if position in broken:
            shown.append((broken[position], None))
        shown.append(point)
    return shown
