"""A heat map: how many answers took how long when, as a few shapes of rising strength that stretch with the page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log10, sqrt
from typing import Final

from outgrow.facts.buckets import Buckets, middle_of

ROWS: Final = 28
STRENGTHS: Final = 6
_BOX: Final = 1000


@dataclass(frozen=True, slots=True)
class Heat:
    """One path for each strength, weakest first, in a view box of 1000 by 1000; the fullest cell has `most` answers."""

    paths: tuple[str, ...]
    most: int


def heat_of(columns: Sequence[tuple[float, Buckets]], end: float, low: float, high: float) -> Heat:
    """Count answers by time and duration.

    Args:
        columns: the middle of each stretch of time in seconds from the start, in time order, and its durations.
        end: of the time axis.
        low: the least logarithm (to ten, of milliseconds) on the axis; what lies below counts in the lowest row.
        high: the greatest.
    """
    middles = [at for at, _ in columns]
    edges = [0.0, *((a + b) / 2 for a, b in pairwise(middles)), end]
    cells: Counter[tuple[int, int]] = Counter()
    for column, (_, durations) in enumerate(columns):
        for bucket, count in durations.counts.items():
            row = int((log10(middle_of(bucket) * 1000) - low) / (high - low) * ROWS)
            cells[column, min(max(row, 0), ROWS - 1)] += count
    most = max(cells.values(), default=0)
    paths = [""] * STRENGTHS
    for (column, row), count in sorted(cells.items()):
        left, right = (round(edge / end * _BOX, 1) for edge in edges[column : column + 2])
        top, height = round((ROWS - 1 - row) * _BOX / ROWS, 1), round(_BOX / ROWS, 1)
        # The square root keeps a single slow answer visible beside a full cell.
        strength = min(ceil(sqrt(count / most) * STRENGTHS), STRENGTHS) - 1
        paths[strength] += f"M{left:g} {top:g}H{right:g}v{height:g}H{left:g}Z"
    return Heat(tuple(paths), most)
