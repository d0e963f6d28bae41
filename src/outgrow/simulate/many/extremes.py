"""The highest or lowest number of the last so many steps, for many policies at once.

A block of as many steps as the window is long is kept, together with the extremes from each of its steps to its end.
The window then is the rest of the last block and the beginning of this one: two comparisons a step, however long it is.
Sources: M. van Herk, Pattern Recognition Letters 13 (1992) 517; J. Gil, M. Werman, IEEE PAMI 15 (1993) 504.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
"""One number a policy."""
Which = Literal["highest", "lowest"]

NOTHING: Final = {"highest": -np.inf, "lowest": np.inf}
"""What makes no difference to an extreme."""


class Extremes:
    """The extreme of the last `length` rows (one at least), before which `before` is taken to have stood."""

    def __init__(self, length: int, columns: int, which: Which, before: float | None = None) -> None:
        self._better = np.maximum if which == "highest" else np.minimum
        nothing = NOTHING[which]
        self._length = length
        self._at = 0
        # Row i holds the extreme of the last block from its step i on, until this block's step i takes its place.
        self._rows = np.full((length + 1, columns), nothing if before is None else float(before))
        self._rows[length] = nothing
        self._so_far = np.full(columns, nothing)

    def pushed(self, row: Row, out: Row) -> None:
        """Let a row enter, and write the extreme of the window with it into `out`."""
        rows, at, better = self._rows, self._at, self._better
        rows[at] = row
        better(self._so_far, row, out=self._so_far)
        at += 1
        better(self._so_far, rows[at], out=out)
        if at == self._length:
            backwards = rows[at - 1 :: -1] if at > 1 else rows[:1]
            better.accumulate(backwards, axis=0, out=backwards)
            self._so_far.fill(NOTHING["highest" if better is np.maximum else "lowest"])
            at = 0
        self._at = at


class Windows:
    """Windows of several lengths: neighbours of one length share one.

    Args:
        lengths: how many steps each policy looks back over, the newest included; 0 looks at the newest alone.
        which: the highest or the lowest.
    """

    def __init__(self, lengths: Sequence[int], which: Which) -> None:
        self._parts: list[tuple[slice, Extremes | None]] = []
        start = 0
        for length, same in groupby(lengths):
            count = len(list(same))
            found = Extremes(length, count, which) if length else None
            self._parts.append((slice(start, start + count), found))
            start += count
        self._which: Which = which
        self.looks_back = any(lengths)

    def pushed(self, row: Row, newest: Row, out: Row) -> None:
        """Let a row enter, and write each policy's extreme into `out`; `newest` where nothing is looked back at."""
        for part, found in self._parts:
            if found is None:
                out[part] = newest[part]
            else:
                found.pushed(row[part], out[part])
