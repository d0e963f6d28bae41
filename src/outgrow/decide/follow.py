"""A series followed through time: the one state machine behind single verdicts and whole timelines.

It goes through the values of a series in time order and can say at any moment in between whether the condition holds.
What it remembers depends on the values alone, never on the moments at which it was asked: a condition with a leaving
threshold is entered at the very moment its window is full, whether or not anybody looked then. So one look after 30
days, a look every minute, and a replay from a stored state all give the same answer.
"""

from dataclasses import dataclass
from enum import IntEnum

from outgrow.decide.points import Points
from outgrow.decide.spans import CountedTime, length_of, micros, moment_of
from outgrow.decide.terms import Terms, points_needed
from outgrow.decide.ticks import Ticks
from outgrow.facts.verdicts import ConditionState


class Answer(IntEnum):
    """The three answers; their order is Kleene's, so that `all` is the least and `any` the greatest."""

    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(slots=True)
class Stretch:
    """A condition's window that slides over the points: how long, how much of it must be seen, where it begins now.

    All times are in microseconds of the counted clock. `first` is the index of the first point inside.
    """

    length: int
    every: int
    expected: int
    needed: int
    first: int = 0

    def seen(self, times: list[int], taken: int, now: int) -> int:
        """Count the points in [now - length, now].

        The last point before the window stands for its beginning when it is less than one interval old there: between
        two ticks a window of five minutes holds five points of six, and none is missing.
        """
        begin = now - self.length
        first = self.first
        while first < taken and times[first] < begin:
            first += 1
        self.first = first
        seen = taken - first
        if first and (seen == 0 or times[first] > begin) and begin - times[first - 1] < self.every:
            seen += 1
        return seen

    def covered(self, times: list[int], taken: int, now: int) -> bool:
        """Say whether enough of the window has been seen."""
        return self.seen(times, taken, now) >= self.needed


@dataclass(frozen=True, slots=True)
class Run:
    """Satisfying points without a failing one or a gap between them: since when, on the counted clock and really.

    `index` is that of its first point, None where it began before the points at hand.
    """

    time: int
    moment: int
    index: int | None


class Track:
    """One series of one condition, followed through time. Moments must not go backwards."""

    __slots__ = (
        "_begun",
        "_carries",
        "_clock",
        "_enter",
        "_gap",
        "_leave",
        "_settled",
        "confirmed",
        "every",
        "inside",
        "last",
        "last_moment",
        "points",
        "since",
        "taken",
        "ticks",
    )

    def __init__(self, terms: Terms, clock: CountedTime, points: Points, state: ConditionState | None = None) -> None:
        """Prepare to follow `points`, starting from what was remembered.

        With a state, the points may begin well before it: those up to `state.at` fill the windows, and what was
        remembered decides whether the condition was held.
        """
        condition = terms.condition
        self.every = length_of(terms.every)
        self.points = points
        self.taken = 0
        """How many points were taken in."""
        self.last: int | None = None
        """The last point, on the counted clock; `last_moment` is the same in real time."""
        self.last_moment = 0
        self.inside = False
        self.since: int | None = None
        self.confirmed: int | None = None
        """Of the present holding, while inside; in real time."""
        self._clock = clock
        self._gap = length_of(terms.gap)
        self._begun: Run | None = None
        """The run that was remembered; `_carries` says whether the first point at hand continues it."""
        self._carries = False
        self._enter = Stretch(length_of(condition.sustained_for), self.every, terms.expected, terms.needed)
        self._leave: Stretch | None = None
        self._settled = 0
        m_of_n = condition.m_of_n
        self.ticks = None if m_of_n is None else Ticks(points, self.every, m_of_n.m, m_of_n.n)
        if terms.leaves_at is not None:
            expected = condition.clears_for // terms.every + 1
            needed = points_needed(expected, condition.min_coverage)
            self._leave = Stretch(length_of(condition.clears_for), self.every, expected, needed)
        if state is not None and state.at is not None:
            self._recall(state, micros(state.at))

    @property
    def length(self) -> int:
        """The condition's `for`, in microseconds."""
        return self._enter.length

    @property
    def gap(self) -> int:
        """The longest time without a point."""
        return self._gap

    @property
    def run(self) -> Run | None:
        """The present run of satisfying points."""
        if self.taken == 0:
            return self._begun
        first = self.points.run_of[self.taken - 1]
        if first < 0:
            return None
        # The points at hand begin somewhere; a run that reaches back to their beginning began when it was seen to.
        if first == 0 and self._carries:
            return self._begun
        return Run(self.points.times[first], self.points.moments[first], first)

    @property
    def failed(self) -> int | None:
        """Index of the last failing point."""
        index = self.points.failed_of[self.taken - 1] if self.taken else -1
        return None if index < 0 else index

    def _recall(self, state: ConditionState, at: int) -> None:
        self.advance(at)
        self.inside = state.inside
        self.since = None if state.since is None else micros(state.since)
        self.confirmed = None if state.confirmed is None else micros(state.confirmed)
        self._settled = self._clock.counted(at)
        if self.taken == 0 and state.last is not None:
            self.last_moment = micros(state.last)
            self.last = self._clock.counted(self.last_moment)
        if state.run_since is not None:
            moment = micros(state.run_since)
            begun = Run(self._clock.counted(moment), moment, None)
            if self.taken == 0:
                times, last = self.points.times, self.last
                self._begun = begun
                self._carries = bool(times) and last is not None and times[0] - last <= self._gap
            elif self.points.run_of[self.taken - 1] == 0:
                self._begun, self._carries = begun, True

    def advance(self, now: int) -> None:
        """Take in every point up to `now` (real time)."""
        moments = self.points.moments
        taken, end = self.taken, len(moments)
        if taken == end or moments[taken] > now:
            return
        if self._leave is None and self.ticks is None:
            while taken < end and moments[taken] <= now:
                taken += 1
            self.taken = taken
        else:
            while self.taken < end and moments[self.taken] <= now:
                self._take()
        self.last, self.last_moment = self.points.times[self.taken - 1], moments[self.taken - 1]

    def _take(self) -> None:
        """Take in one point of a condition that remembers: what fell due before it, then the point itself."""
        index = self.taken
        time = self.points.times[index]
        if self._leave is not None and index:
            self._settle(time - 1)
        self.taken = index + 1
        self.last, self.last_moment = time, self.points.moments[index]
        self._settled = time
        if self.inside:
            if self._is_left(time):
                self.inside, self.since, self.confirmed = False, None, None
        elif self.ticks is not None:
            if self._answer_by_ticks(self.ticks, time) is Answer.YES:
                self.inside, self.since, self.confirmed = True, self.ticks.since(self.taken, time), self.last_moment
        elif self._answer_by_run(time) is Answer.YES:
            self._enter_by_run()

    def _is_left(self, time: int) -> bool:
        if self._leave is None:
            return self.ticks is not None and self._answer_by_ticks(self.ticks, time) is Answer.NO
        begun = self._left_since()
        return (
            begun is not None
            and begun <= time - self._leave.length
            and self._leave.covered(self.points.times, self.taken, time)
        )

    def _left_since(self) -> int | None:
        """Give the time from which on every point was beyond the leaving threshold."""
        index = self.points.left_of[self.taken - 1] if self.taken else -1
        return None if index < 0 else self.points.times[index]

    def _enter_by_run(self) -> None:
        run = self.run
        if run is not None:
            self.inside, self.since = True, run.moment
            self.confirmed = self._clock.moment(run.time + self._enter.length)

    def _settle(self, until: int) -> None:
        """Let happen what falls due between two points: a window that fills, a leaving that is confirmed."""
        settled, last = self._settled, self.last
        if last is None or until <= settled:
            return
        self._settled = until
        if self.inside:
            stretch, begun = self._leave, self._left_since()
        else:
            run = self.run if self.ticks is None else None
            stretch, begun = self._enter, None if run is None else run.time
        if stretch is None or begun is None:
            return
        due = begun + stretch.length
        if not settled < due <= until or due - last > self._gap:
            return
        if not stretch.covered(self.points.times, self.taken, due):
            return
        if self.inside:
            self.inside, self.since, self.confirmed = False, None, None
        else:
            self._enter_by_run()

    def answer(self, now: int) -> Answer:
        """Say whether the condition holds at `now` (real time); points up to then must have been taken in."""
        time = self._clock.counted(now)
        if self._leave is not None:
            self._settle(time)
            if self.inside:
                return Answer.YES if self.last is not None and time - self.last <= self._gap else Answer.UNKNOWN
        return self._answer_by_run(time) if self.ticks is None else self._answer_by_ticks(self.ticks, time)

    def _answer_by_run(self, now: int) -> Answer:
        last, taken = self.last, self.taken
        if last is None:
            return Answer.UNKNOWN
        fresh = now - last <= self._gap
        length = self._enter.length
        if length == 0:
            return (Answer.NO if self.run is None else Answer.YES) if fresh else Answer.UNKNOWN
        begin = now - length
        points = self.points
        if taken and (failed := points.failed_of[taken - 1]) >= 0 and points.times[failed] >= begin:
            return Answer.NO
        if not fresh or not self._enter.covered(points.times, taken, now):
            return Answer.UNKNOWN
        run = self.run
        if run is None:
            return Answer.UNKNOWN
        if run.time <= begin:
            return Answer.YES
        return Answer.NO if self._failed_just_before(run, begin) else Answer.UNKNOWN

    def _failed_just_before(self, run: Run, begin: int) -> bool:
        """Say whether the run is known to have begun inside the window: the very tick before its first point failed."""
        if run.index is None or run.index == 0:
            return False
        before = self.points.times[run.index - 1]
        step = run.time - before
        failed = self.points.run_of[run.index - 1] < 0
        return failed and before < begin and step <= self._gap and 2 * step < 3 * self.every

    def _answer_by_ticks(self, ticks: Ticks, now: int) -> Answer:
        satisfied, missing = ticks.count(self.taken, now)
        if satisfied >= ticks.m:
            return Answer.YES
        return Answer.NO if satisfied + missing < ticks.m else Answer.UNKNOWN

    def seen(self, now: int) -> int:
        """Count the points that the window at `now` (counted clock) has, at most those expected."""
        if self.ticks is not None:
            return self.ticks.n - self.ticks.count(self.taken, now)[1]
        if self.length == 0:
            return int(self.last is not None and now - self.last <= self._gap)
        return min(self._enter.expected, self._enter.seen(self.points.times, self.taken, now))

    def state(self, now: int) -> ConditionState:
        """Give what must be remembered to go on from `now` (real time)."""
        run = self.run
        return ConditionState(
            at=moment_of(now),
            inside=self.inside,
            since=None if self.since is None else moment_of(self.since),
            confirmed=None if self.confirmed is None else moment_of(self.confirmed),
            run_since=None if run is None else moment_of(run.moment),
            last=None if self.last is None else moment_of(self.last_moment),
        )
