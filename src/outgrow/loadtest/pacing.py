"""Who begins arrivals: the clock alone (open), or users who each wait for their answer first (closed)."""

import asyncio
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from math import floor
from time import perf_counter
from typing import Final, Protocol

from outgrow.facts.loads import Outcome
from outgrow.loadtest.flights import Visit
from outgrow.loadtest.record import LATE_SECONDS, Lateness
from outgrow.loadtest.schedule import WHOLE, Arrivals, Rate, Share
from outgrow.loadtest.visits import Visits
from outgrow.plan.scenario_courses import Executor

_TICK_SECONDS: Final = 0.001
_LOOK_SECONDS: Final = 0.010
"""How often a closed course looks whether more users are to come to work."""
_SLACK: Final = 1e-9
_DROPPED: Final = Outcome.DROPPED
"""Bound once: to look a member of an enum up takes a call, and an overload asks for every arrival."""


class Pace(Protocol):
    """Begins arrivals; moments are those of `perf_counter`."""

    def begin(self, began: float) -> None:
        """Take note of when the run began."""
        ...

    def release(self, now: float) -> None:
        """Begin every arrival whose time has come."""
        ...

    def wait(self, now: float) -> float | None:
        """Say in how many seconds something is next to be released; none when nothing more will be."""
        ...

    def end(self) -> None:
        """Begin nothing more."""
        ...

    def never_started(self) -> Iterator[int]:
        """Number the arrivals that were planned and have not begun, when the run has ended."""
        ...

    def vus(self) -> int | None:
        """Say how many users are at work; none where arrivals come by the clock."""
        ...


class OpenPace:
    """Begins each arrival when it is due, whatever the server does; beyond the most under way, it is dropped."""

    def __init__(self, visits: Visits, arrivals: Iterator[Arrivals], most: int, lateness: Lateness) -> None:
        """Begin with the first arrival."""
        self._visits = visits
        self._most = most
        self._lateness = lateness
        self._due = _due_arrivals(arrivals)
        self._next = next(self._due, None)
        self._began = 0.0

    def begin(self, began: float) -> None:
        """Take note of when the run began."""
        self._began = began

    def release(self, now: float) -> None:
        """Begin every arrival whose time has come."""
        visits, began, found, most = self._visits, self._began, self._next, self._most
        second, record, late = visits.second, self._lateness.seconds.record, 0
        while found is not None and (due := began + found[1]) <= now:
            number = found[0]
            found = self._next = next(self._due, None)
            second.due += 1
            lateness = perf_counter() - due
            record(lateness)
            late += lateness > LATE_SECONDS
            if visits.busy >= most:
                visits.turn_away(number, _DROPPED)
            else:
                second.started += 1
                visits.begin(number, due, due + lateness)
        self._lateness.late += late

    def wait(self, now: float) -> float | None:
        """Say in how many seconds the next arrival is due; none after the last."""
        return None if self._next is None else self._began + self._next[1] - now

    def end(self) -> None:
        """Begin nothing more: nobody asks for more once the run is ended."""

    def never_started(self) -> Iterator[int]:
        """Number the arrivals that were not reached."""
        if self._next is not None:
            yield self._next[0]
            yield from (number for number, _ in self._due)

    def vus(self) -> int | None:
        """Say nothing: sessions come and go."""
        return None


class ClosedPace:
    """Keeps as many users at work as the course says; each begins again when its last arrival has ended.

    Args:
        visits: where arrivals go.
        vus: users at work over time.
        lateness: where it is noted how late they began again.
        iterations: how many arrivals all users make together, or each; none for as many as they can.
        executor: `per-vu-iterations` for each, anything else for all together.
        share: which users, and which numbers of arrivals, are this process's.
    """

    def __init__(
        self,
        visits: Visits,
        vus: Rate,
        lateness: Lateness,
        iterations: int | None,
        executor: Executor,
        share: Share = WHOLE,
    ) -> None:
        """Begin with nobody at work."""
        self._visits = visits
        self._rate = vus
        self._lateness = lateness
        self._share = share
        is_each = executor == "per-vu-iterations"
        self._per_vu = iterations if is_each else None
        most = _mine(floor(vus.highest + _SLACK), share)
        self._left_in_all = None if iterations is None or is_each else _mine(iterations, share)
        self._made = [0] * most
        self._idle = list(range(most))
        self._resting: list[tuple[float, int]] = []
        self._at_work = self._started = 0
        self._began = 0.0
        self._is_over = False
        heapify(self._idle)
        visits.on_leave = self._left

    def begin(self, began: float) -> None:
        """Take note of when the run began."""
        self._began = began

    def release(self, now: float) -> None:
        """Bring users to work, and let those who have rested begin again."""
        if self._is_over:
            return
        if now - self._began >= self._rate.seconds:
            self._is_over = True
            return
        while self._resting and self._resting[0][0] <= now:
            due, vu = heappop(self._resting)
            self._go(vu, due)
        target = self._target(now)
        while self._at_work < target and self._idle and self._may_start():
            self._at_work += 1
            if not self._go(heappop(self._idle), now):
                break  # the course has fewer users by now than a moment ago: the next tick looks again

    def wait(self, now: float) -> float | None:
        """Say when to look again: users come to work while the course goes on."""
        if self._is_over or not self._may_start() or not (self._at_work or self._idle):
            return None
        end = self._began + self._rate.seconds - now
        rest = self._resting[0][0] - now if self._resting else end
        return max(min(end, rest, _LOOK_SECONDS), 0.0)

    def end(self) -> None:
        """Begin nothing more."""
        self._is_over = True

    def never_started(self) -> Iterator[int]:
        """Number the iterations that were planned and not reached."""
        missing = self._left_in_all or 0
        if self._per_vu is not None:
            missing = sum(self._per_vu - made for made in self._made)
        for index in range(self._started, self._started + missing):
            yield index * self._share.of + self._share.index

    def vus(self) -> int | None:
        """Say how many users are at work."""
        return self._at_work

    def _target(self, now: float) -> int:
        return _mine(self._rate.users_at(now - self._began), self._share)

    def _may_start(self) -> bool:
        return self._left_in_all is None or self._left_in_all > 0

    def _go(self, vu: int, due: float) -> bool:
        """Let a user begin an arrival, or end its work where the course has no more for it; say which it was."""
        now = perf_counter()
        is_done = self._per_vu is not None and self._made[vu] >= self._per_vu
        if self._is_over or is_done or not self._may_start() or vu >= self._target(now):
            self._at_work -= 1
            if not is_done:
                heappush(self._idle, vu)
            return False
        number = self._started * self._share.of + self._share.index
        self._started += 1
        self._made[vu] += 1
        if self._left_in_all is not None:
            self._left_in_all -= 1
        second = self._visits.second
        second.due += 1
        second.started += 1
        self._lateness.record(now - due)
        self._visits.begin(number, due, now, vu * self._share.of + self._share.index)
        return True

    def _left(self, visit: Visit, outcome: Outcome, now: float) -> None:
        """Let a user go on after an arrival: at once, after its pause, or at the next tick where nothing was done.

        Not within the call that ended the arrival: errors that come at once would never return.
        """
        vu = visit.user // self._share.of
        if outcome is Outcome.INTERRUPTED:
            self._at_work -= 1
        elif outcome is not Outcome.DONE or visit.pause_seconds:
            heappush(self._resting, (now + max(visit.pause_seconds, _TICK_SECONDS), vu))
        else:
            asyncio.get_running_loop().call_soon(self._go, vu, now)


def _mine(whole: int, share: Share) -> int:
    """Count which of so many are this process's."""
    return (whole - share.index + share.of - 1) // share.of


def _due_arrivals(chunks: Iterator[Arrivals]) -> Iterator[tuple[int, float]]:
    for chunk in chunks:
        number = chunk.first
        for due in chunk.seconds:
            yield number, due
            number += chunk.apart
