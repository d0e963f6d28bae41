"""The seconds of a run while it goes on, in bounded memory; `outgrow.facts.timelines` says which are kept together."""

import pickle
from collections import deque
from math import inf

from outgrow.facts.loads import LoadSecond
from outgrow.facts.timelines import SECONDS_KEPT, Layout, joined, layout_of, second_of

_Kept = tuple[int, bytes]
"""The number of an interval's last second, and the interval.

As bytes, because the garbage collector goes through all objects that it knows: the hundreds of thousands of two hours
took it a fifth of a second, in which nothing was sent.
"""


class Timeline:
    """Takes one second after another; of a long run it joins two for each that comes, so that none takes long."""

    def __init__(self, most: int = SECONDS_KEPT) -> None:
        """Begin with nothing.

        Args:
            most: in how many intervals the run is kept.
        """
        self._most = most
        self._layout = Layout()
        self._coarse: list[_Kept] = []
        self._fine: deque[_Kept] = deque()
        self._newest: LoadSecond | None = None

    @property
    def intervals(self) -> tuple[LoadSecond, ...]:
        """What is kept, in time order."""
        newest = () if self._newest is None else (self._newest,)
        return (*map(_opened, self._coarse), *map(_opened, self._fine), *newest)

    def add(self, second: LoadSecond) -> None:
        """Take the next second."""
        number = second_of(second)
        layout = layout_of(number, self._most)
        end = layout.end_of(number)
        newest, self._newest = self._newest, None
        if newest is not None and (layout.step > self._layout.step or layout.end_of(second_of(newest)) != end):
            self._fine.append(_closed(newest))
            newest = None
        while self._layout.step < layout.step:
            self._join_until(inf)
            self._fine, self._coarse = deque(self._coarse), []
            self._layout = Layout(2 * self._layout.step)
        self._layout = layout
        self._join_until(layout.coarse_until)
        if newest is None and self._fine and layout.end_of(self._fine[-1][0]) == end:
            newest = _opened(self._fine.pop())
        self._newest = second if newest is None else joined((newest, second))

    def _join_until(self, last: float) -> None:
        """Join the intervals up to a second of the run by twos."""
        length = 2 * self._layout.step
        while self._fine and (first := self._fine[0][0]) <= last:
            end, together = -(-first // length) * length, [self._fine.popleft()]
            while self._fine and self._fine[0][0] <= end:
                together.append(self._fine.popleft())
            self._coarse.append(_closed(joined([*map(_opened, together)])) if len(together) > 1 else together[0])


def _closed(interval: LoadSecond) -> _Kept:
    return second_of(interval), pickle.dumps(interval, pickle.HIGHEST_PROTOCOL)


def _opened(kept: _Kept) -> LoadSecond:
    return pickle.loads(kept[1])  # noqa: S301 (our own bytes, of this process)
