"""Ticks: the expected moments of an `m_of_n` condition, and the points that stand at them."""

from outgrow.decide.points import Points


class Ticks:
    """The last `n` expected ticks before a moment that does not go backwards: now, now - every, and so on.

    The point nearest to a tick, less than half an interval away, is its; a tick without one is missing. All times are
    in microseconds of the counted clock.
    """

    __slots__ = ("_after", "_counted", "_every", "_key", "_points", "m", "n")

    def __init__(self, points: Points, every: int, m: int, n: int) -> None:
        """Prepare to look at `points`."""
        self._points = points
        self._every = every
        self.m = m
        self.n = n
        self._after = [0] * n
        """For each tick, newest first, the index of the first point after it."""
        self._key = (-1, 0)
        self._counted = (0, n)

    def at(self, taken: int, now: int) -> list[int | None]:
        """Give the index of the point at each tick, newest first, among the first `taken` points."""
        times, every, after = self._points.times, self._every, self._after
        found = list[int | None]()
        tick = now
        for number in range(self.n):
            index = after[number]
            while index < taken and times[index] <= tick:
                index += 1
            after[number] = index
            best: int | None = None
            early = 2 * (tick - times[index - 1]) if index else every
            late = 2 * (times[index] - tick) if index < taken else every + 1
            if early < every:
                best = index - 1
            if late <= every and (best is None or late < early):
                best = index
            found.append(best)
            tick -= every
        return found

    def count(self, taken: int, now: int) -> tuple[int, int]:
        """Count the satisfying ticks and the missing ones."""
        if self._key != (taken, now):
            good = self._points.run_of
            satisfied = missing = 0
            for index in self.at(taken, now):
                if index is None:
                    missing += 1
                elif good[index] >= 0:
                    satisfied += 1
            self._key, self._counted = (taken, now), (satisfied, missing)
        return self._counted

    def good(self, taken: int, now: int) -> list[int]:
        """Give the real times of the satisfying ticks, newest first."""
        run_of, moments = self._points.run_of, self._points.moments
        return [moments[index] for index in self.at(taken, now) if index is not None and run_of[index] >= 0]

    def since(self, taken: int, now: int) -> int:
        """Give the real time of the oldest satisfying tick."""
        return self.good(taken, now)[-1]
