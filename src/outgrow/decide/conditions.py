"""Conditions: does "p95 above 800 ms for 30 minutes" hold, with what evidence, and how far is it from its threshold?

Held at `now` when the run of satisfying samples began at or before now - `for`, no gap in it exceeds `max_gap`, and
enough of the expected points were seen. A failing sample in [now - for, now] gives NotHeld whatever the gaps; anything
else is Undecided. The pages docs/decisions/0010 to 0012 settle what this leaves open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from outgrow.decide.follow import Answer, Track
from outgrow.decide.holdings import Seen, holding_of
from outgrow.decide.points import SeriesByLabels, combined, points_of, readings_and_failures, unavailable
from outgrow.decide.spans import Span, counted_time, length_of, micros, moment_of
from outgrow.decide.terms import Terms, fold_span, lookback, terms_of
from outgrow.facts.samples import Labels, Measured, Sample
from outgrow.facts.verdicts import (
    ConditionState,
    ConditionVerdict,
    Coverage,
    Headroom,
    Held,
    Lack,
    NotHeld,
    SeriesHolding,
    Undecided,
)

_NOTHING_REMEMBERED: Final[Mapping[Labels, ConditionState]] = {}


def evaluate_condition(
    terms: Terms,
    series: SeriesByLabels,
    now: datetime,
    states: Mapping[Labels, ConditionState] = _NOTHING_REMEMBERED,
    excluded: Sequence[Span] = (),
) -> tuple[ConditionVerdict, Mapping[Labels, ConditionState]]:
    """Judge a condition at a moment.

    Args:
        terms: the condition with its signal's unit and interval (`terms_of`).
        series: the signal's samples by label set, in time order; what is later than `now` is not looked at.
        now: the moment judged, timezone-aware. Samples that are `terms.delay` late are judged that much earlier.
        states: what was remembered of an earlier evaluation, by label set; an empty mapping starts from "not held".
        excluded: spans of own load, left out unless the condition includes them.

    Returns:
        The verdict with its evidence, and what to remember.
    """
    watch = Watch(terms, series, excluded, states, now)
    watch.advance(micros(now))
    return watch.verdict(micros(now)), watch.states(micros(now))


@dataclass(slots=True)
class _Watched:
    """One series under watch: all its samples, their moments, and the track that follows it."""

    labels: Labels
    samples: Sequence[Sample]
    moments: Sequence[int]
    track: Track
    begun: int = 0
    """How many samples, of any kind, lie at or before now."""


class Watch:
    """A condition followed through time over all its label sets.

    `advance` takes in what was sampled up to a moment, `answer` gives the plain three-valued answer there, `verdict`
    the full evidence. Moments are microseconds of real time and must not go backwards.
    """

    def __init__(
        self,
        terms: Terms,
        series: SeriesByLabels,
        excluded: Sequence[Span],
        states: Mapping[Labels, ConditionState],
        first: datetime,
    ) -> None:
        """Prepare to judge from `first` on."""
        self.terms = terms
        spans = () if terms.condition.include_own_load else excluded
        self._clock = counted_time(spans, terms.window)
        self._delay = length_of(terms.delay)
        self._presence = length_of(terms.window_back + terms.gap)
        self._remembered = dict(states)
        start = micros(first) - self._delay
        own, failures = readings_and_failures(series)
        if terms.condition.across in {"max", "min", "sum"}:
            own = combined(terms, own)
        self._failures = failures
        self._failure_moments = [micros(each.at) for each in failures]
        self._watched = [self._watch(labels, own[labels], states.get(labels), start) for labels in sorted(own)]

    def _watch(self, labels: Labels, samples: Sequence[Sample], state: ConditionState | None, start: int) -> _Watched:
        if state is not None and (state.at is None or micros(state.at) > start):
            state = None  # what was remembered later cannot be known yet
        if state is not None and state.last is not None and self._clock.leaves_out(micros(state.last)):
            state = None  # it rests on values that were only later said to be own load
        begin: int | None = None
        if state is not None and state.at is not None:
            begin = self._before(micros(state.at), self.terms.reach)
        elif self.terms.leaves_at is not None:
            begin = self._before(start, max(fold_span(self.terms), self.terms.reach))
        moments = [micros(each.at) for each in samples]
        points = points_of(self.terms, self._clock, samples, moments, begin)
        return _Watched(labels, samples, moments, Track(self.terms, self._clock, points, state))

    def _before(self, moment: int, span: timedelta) -> int:
        """Give the moment from which on so much counted time lies before `moment`."""
        return self._clock.moment(self._clock.counted(moment) - length_of(span))

    def advance(self, now: int) -> None:
        """Take in every sample up to `now`."""
        now -= self._delay
        for each in self._watched:
            each.track.advance(now)

    def answer(self, now: int) -> Answer:
        """Say whether the condition holds at `now`."""
        now -= self._delay
        if len(self._watched) == 1:
            return self._watched[0].track.answer(now)
        answers = [each.track.answer(now) for each in self._present(now)]
        if not answers:
            return Answer.UNKNOWN
        return min(answers) if self.terms.condition.across == "all" else max(answers)

    def _present(self, now: int) -> Sequence[_Watched]:
        """Give the series that exist at `now`.

        A label set that has no sample in its whole window, while another has, is gone: a region without traffic, a
        container that was replaced. When none has any, all that were ever seen are kept, for nothing is known of any.
        """
        for each in self._watched:
            moments, begun = each.moments, each.begun
            while begun < len(moments) and moments[begun] <= now:
                begun += 1
            each.begun = begun
        known = [each for each in self._watched if each.begun or each.track.last is not None]
        if len(known) == 1:
            return known
        edge = now - self._presence
        return [each for each in known if each.begun and each.moments[each.begun - 1] >= edge] or known

    def states(self, now: int) -> Mapping[Labels, ConditionState]:
        """Give what must be remembered to go on from `now`.

        What was remembered of label sets that are not at hand is kept as it was, for unknown does not clear; only of
        those that others have outlived by a day (or the longer time of a fold) nothing more is kept.
        """
        now -= self._delay
        for each in self._watched:
            each.track.answer(now)
        followed = {each.labels: each.track.state(now) for each in self._watched}
        edge = now - length_of(max(fold_span(self.terms), self.terms.reach))
        absent = {
            labels: state
            for labels, state in self._remembered.items()
            if labels not in followed and state.at is not None and (not followed or micros(state.at) >= edge)
        }
        return absent | followed

    def verdict(self, now: int) -> ConditionVerdict:
        """Give the answer with its evidence."""
        now -= self._delay
        terms = self.terms
        series = tuple(self._series_holding(each, now) for each in self._present(now))
        deciding = _deciding(series, terms.condition.across == "all")
        begin = self._before(now, terms.window_back)
        left_out = self._clock.left_out_before(now) - self._clock.left_out_before(begin)
        nothing = Undecided("no data", Coverage(0, terms.expected), lack=Lack.NO_DATA)
        return ConditionVerdict(
            name=terms.name,
            signal=terms.condition.signal,
            holding=deciding.holding if deciding else nothing,
            threshold=terms.threshold,
            headroom=deciding.headroom if deciding else None,
            series=series,
            deciding=deciding.labels if deciding else (),
            left_out=timedelta(microseconds=left_out),
            leaves_at=terms.leaves_at,
        )

    def _series_holding(self, watched: _Watched, now: int) -> SeriesHolding:
        samples, moments = watched.samples, watched.moments
        failed = bisect_right(self._failure_moments, now)
        failure = self._failures[failed - 1] if failed else None
        newest = samples[watched.begun - 1] if watched.begun else None
        begin = bisect_left(moments, self._before(now, self.terms.window_back))
        window = tuple(
            samples[index] for index in range(begin, watched.begun) if not self._clock.leaves_out(moments[index])
        )
        return SeriesHolding(
            labels=watched.labels,
            holding=holding_of(self.terms, watched.track, self._clock, now, Seen(newest, failure)),
            headroom=self._headroom(watched),
            last=newest,
            window=window,
        )

    def _headroom(self, watched: _Watched) -> Headroom | None:
        """Measure from the last value that counts to the threshold."""
        terms = self.terms
        for index in range(watched.begun - 1, -1, -1):
            sample = watched.samples[index]
            if not isinstance(sample, Measured) or unavailable(sample, terms.min_n):
                continue
            if self._clock.leaves_out(watched.moments[index]):
                continue
            absolute = terms.headroom(sample.value)
            relative = absolute / abs(terms.threshold) if terms.threshold else None
            return Headroom(absolute, relative, sample.value, sample.at)
        return None


def _deciding(series: Iterable[SeriesHolding], every_one: bool) -> SeriesHolding | None:  # noqa: FBT001 (a private helper)
    """Give the series that decides: the one that answers for the whole, and of several the one furthest along."""

    def rank(each: SeriesHolding) -> tuple[int, float, float]:
        left = each.headroom.absolute if each.headroom is not None else float("inf")
        match each.holding:
            case Held(confirmed=confirmed):
                return Answer.YES, -confirmed.timestamp(), -left
            case Undecided(progress=progress):
                return Answer.UNKNOWN, progress.total_seconds(), -left
            case NotHeld(progress=progress, ticks=ticks):
                return Answer.NO, (ticks or 0) + progress.total_seconds(), -left

    return (min if every_one else max)(series, key=rank, default=None)


__all__ = [
    "Terms",
    "Watch",
    "evaluate_condition",
    "lookback",
    "moment_of",
    "terms_of",
]
