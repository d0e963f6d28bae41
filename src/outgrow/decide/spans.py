"""Spans of own load, and the clock that stands still during them.

Load tests, deployments and maintenance are our own doing, so their samples say nothing about the users. They are left
out, and the time they took is left out with them: a sustained window of 30 minutes is 30 minutes of counted time, on
both sides of a load test if need be. Nothing is expected of a span, so it neither opens a gap nor lowers the coverage.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from outgrow.facts.decisions import Event, EventKind

OWN_LOAD: Final = (EventKind.LOAD_TEST, EventKind.DEPLOYMENT, EventKind.MAINTENANCE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOLERATED: Final = 10
"""A query's window may hold one part in so many of own load before its value is left out."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time of own load: from `start` on, up to but without `end`; both timezone-aware."""

    start: datetime
    end: datetime
    kind: EventKind = EventKind.MAINTENANCE


def spans_of(events: Iterable[Event], now: datetime) -> tuple[Span, ...]:
    """Pick the spans that do not count out of a journal's events; one that is still open lasts until `now`.

    An event whose end lies before its start takes no time and is passed over.
    """
    found = (
        # `now` itself belongs to what is still open, and a span ends before its `end`.
        Span(event.start, event.end if event.end is not None else now + timedelta(microseconds=1), event.kind)
        for event in events
        if event.kind in OWN_LOAD
    )
    return tuple(span for span in found if span.start < span.end)


def closed(events: Iterable[Event]) -> tuple[Event, ...]:
    """Leave out the open spans of own load whose end was noted by another event: same kind, subject and start.

    Events are append-only, so that a span is closed by writing it again with its end.
    """
    known = tuple(events)
    ended = {(each.kind, each.subject, each.start) for each in known if each.end is not None}
    return tuple(each for each in known if not (is_open(each) and (each.kind, each.subject, each.start) in ended))


def is_open(event: Event) -> bool:
    """Say whether an event is a span of own load without an end."""
    return event.kind in OWN_LOAD and event.end is None


def micros(moment: datetime) -> int:
    """Give microseconds since 1970 UTC, exactly."""
    since = moment - _EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def moment_of(microseconds: int) -> datetime:
    """Give the moment of `micros`, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def length_of(span: timedelta) -> int:
    """Give a span in microseconds, exactly."""
    return span.days * 86_400_000_000 + span.seconds * 1_000_000 + span.microseconds


class CountedTime:
    """Time without the spans that do not count. All times are in microseconds.

    `counted` maps a moment onto a clock that stands still during spans, `moment` gives the earliest moment at which
    that clock shows a reading, `leaves_out` says whether a moment lies in a span.
    """

    __slots__ = ("_before", "_ends", "_readings", "_starts")

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        """Take spans as pairs of start and end, in any order, overlapping or not."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if end <= start:
                continue
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)
        self._before = [0]
        for start, end in zip(self._starts, self._ends, strict=True):
            self._before.append(self._before[-1] + end - start)
        self._readings = [start - before for start, before in zip(self._starts, self._before, strict=False)]

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """The spans left out, in order and apart from one another."""
        return list(zip(self._starts, self._ends, strict=True))

    def left_out_before(self, moment: int) -> int:
        """Give how much time before a moment does not count."""
        index = bisect_right(self._starts, moment)
        return self._before[index] - (max(0, self._ends[index - 1] - moment) if index else 0)

    def counted(self, moment: int) -> int:
        """Give the reading of the clock that stands still during spans."""
        return moment - self.left_out_before(moment) if self._starts else moment

    def leaves_out(self, moment: int) -> bool:
        """Say whether a moment lies in a span."""
        index = bisect_right(self._starts, moment) - 1
        return index >= 0 and moment < self._ends[index]

    def moment(self, reading: int) -> int:
        """Give the earliest moment at which the clock shows `reading`."""
        return reading + self._before[bisect_left(self._readings, reading)] if self._starts else reading


def counted_time(spans: Iterable[Span], window: timedelta) -> CountedTime:
    """Give the clock by which a signal is judged whose query looks back over `window`.

    A value speaks of its whole window. It is left out when its moment lies in a span, and also while more than a tenth
    of its window is own load: a 30-minute percentile stays left out until 27 minutes after a load test of an hour, a
    daily count is not lost to a deployment of two minutes.
    """
    plain = CountedTime((micros(span.start), micros(span.end)) for span in spans)
    length = length_of(window)
    if not plain.spans or length <= 0:
        return plain
    return CountedTime([*plain.spans, *_mostly_own_load(plain, length)])


def reach_back(spans: Iterable[Span], window: timedelta, now: datetime, span: timedelta) -> datetime:
    """Give the moment since which `span` of counted time has passed: own load makes it earlier than now - span."""
    clock = counted_time(spans, window)
    return moment_of(clock.moment(clock.counted(micros(now)) - length_of(span)))


def _mostly_own_load(plain: CountedTime, window: int) -> Iterable[tuple[int, int]]:
    """Give the times t at which more than the tolerated part of (t - window, t] lies in spans.

    The amount is piecewise linear in t and bends only where a span begins or ends, or does so a window later.
    """
    limit = window // _TOLERATED
    edges = [edge for span in plain.spans for edge in span]
    bends = sorted({*edges, *(edge + window for edge in edges)})
    amounts = [plain.left_out_before(bend) - plain.left_out_before(bend - window) for bend in bends]
    for index in range(len(bends) - 1):
        (start, end), (low, high) = bends[index : index + 2], amounts[index : index + 2]
        if low <= limit and high <= limit:
            continue
        # One of the two ends is above: cut the piece where the line meets the limit. A slope is -1, 0 or 1.
        yield (start if low > limit else end - (high - limit) + 1, end if high > limit else start + (low - limit))
