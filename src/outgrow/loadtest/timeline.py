"""The seconds of a run while it goes on, in bounded memory; `outgrow.facts.timelines` says which are kept together."""

from collections import deque
from math import inf

from outgrow.facts.loads import LoadSecond
from outgrow.facts.timelines import SECONDS_KEPT, Layout, joined, layout_of, second_of


class Timeline:
    """Takes one second after another; of a long run it joins two for each that comes, so that none takes long."""

    def __init__(self, most: int = SECONDS_KEPT) -> None:
        """Begin with nothing.

        Args:
            most: in how many intervals the run is kept.
        """
        self._most = most
        self._layout = Layout()
        self._coarse: list[LoadSecond] = []
        self._fine: deque[LoadSecond] = deque()

    @property
    def intervals(self) -> tuple[LoadSecond, ...]:
        """What is kept, in time order."""
        return (*self._coarse, *self._fine)

    def add(self, second: LoadSecond) -> None:
        """Take the next second."""
        number = second_of(second)
        layout = layout_of(number, self._most)
        while self._layout.step < layout.step:
            self._join_until(inf)
            self._fine, self._coarse = deque(self._coarse), []
            self._layout = Layout(2 * self._layout.step)
        self._layout = layout
        self._join_until(layout.coarse_until)
        last = self._fine[-1] if self._fine else None
        if last is not None and layout.end_of(second_of(last)) == layout.end_of(number):
            self._fine[-1] = joined((last, second))
        else:
            self._fine.append(second)

    def _join_until(self, last: float) -> None:
        """Join the intervals up to a second of the run by twos."""
        length = 2 * self._layout.step
        while self._fine and (first := second_of(self._fine[0])) <= last:
            end, together = -(-first // length) * length, [self._fine.popleft()]
            while self._fine and second_of(self._fine[0]) <= end:
                together.append(self._fine.popleft())
            self._coarse.append(joined(together))
