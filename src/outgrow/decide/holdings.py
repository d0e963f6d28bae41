"""From a followed series to a holding for people: since when, how far, and what is missing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from outgrow.decide.follow import Answer, Track
from outgrow.decide.points import unavailable
from outgrow.decide.spans import CountedTime, micros, moment_of
from outgrow.decide.terms import Terms
from outgrow.facts.samples import Sample
from outgrow.facts.verdicts import Coverage, Held, Holding, Lack, NotHeld, Undecided
from outgrow.quantity import format_duration


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen up to now: the newest sample of a series, of any kind, and the newest failed reading of all."""

    newest: Sample | None
    failure: Sample | None = None


def holding_of(terms: Terms, track: Track, clock: CountedTime, now: int, seen: Seen) -> Holding:
    """Word what a track answers at `now` (microseconds, real time)."""
    answer = track.answer(now)
    time = clock.counted(now)
    coverage = Coverage(track.seen(time), terms.expected)
    ticks = None if track.ticks is None else track.ticks.count(track.taken, time)[0]
    match answer:
        case Answer.YES:
            since, confirmed = _times(track, clock, time)
            return Held(moment_of(since), moment_of(confirmed), coverage, ticks)
        case Answer.NO:
            since = None if track.failed is None else moment_of(track.points.moments[track.failed])
            return NotHeld(since, _progress(track, time), coverage, ticks)
        case Answer.UNKNOWN:
            lack, why = _lack(terms, track, clock, time, seen)
            return Undecided(why, coverage, _progress(track, time), _known_from(track, clock, time, lack), lack, ticks)


def _times(track: Track, clock: CountedTime, time: int) -> tuple[int, int]:
    """Give since when a condition holds and when it was confirmed, in real time."""
    if track.inside and track.since is not None and track.confirmed is not None:
        return track.since, track.confirmed
    if track.ticks is not None:
        # Newest first: with the m-th oldest of the satisfying ticks the condition was complete.
        good = track.ticks.good(track.taken, time)
        return good[-1], good[-track.ticks.m]
    run = track.run
    if run is None:
        return track.last_moment, track.last_moment
    return run.moment, clock.moment(run.time + track.length) if track.length else run.moment


def _progress(track: Track, time: int) -> timedelta:
    """Give how long the present run has lasted, up to the last point once that is too old to speak for now."""
    run = track.run
    if run is None or track.last is None:
        return timedelta(0)
    until = time if time - track.last <= track.gap else track.last
    return timedelta(microseconds=min(until - run.time, track.length))


def _lack(terms: Terms, track: Track, clock: CountedTime, time: int, seen: Seen) -> tuple[Lack, str]:
    if track.last is None or time - track.last > track.gap:
        return _nothing_fresh(terms, track, clock, time, seen)
    if terms.condition.m_of_n is not None:
        missing = terms.expected - track.seen(time)
        return Lack.MISSING_TICKS, f"{missing} of the last {terms.expected} ticks are missing"
    begin, run = time - track.length, track.run
    if run is not None and run.time > begin:
        before = track.points.times[run.index - 1] if run.index else None
        if before is not None and before >= begin - track.gap:
            gap = format_duration(timedelta(microseconds=run.time - before))
            return Lack.GAP, f"a gap of {gap}, longer than {format_duration(terms.gap)}"
        progress, needed = _progress(track, time), terms.condition.sustained_for
        return Lack.TOO_SHORT, f"seen for {format_duration(progress)} of {needed}"
    return Lack.THIN, f"{track.seen(time)} of {terms.expected} points seen, {terms.needed} needed"


def _nothing_fresh(terms: Terms, track: Track, clock: CountedTime, time: int, seen: Seen) -> tuple[Lack, str]:
    """Say why there is no value young enough: what the source said last, or how old its last value is."""
    for sample in (seen.newest, seen.failure):
        if sample is None or (track.last is not None and micros(sample.at) <= track.last_moment):
            continue
        if why := unavailable(sample, terms.min_n):
            return Lack.UNAVAILABLE, why
    if track.last is None and seen.newest is None:
        return Lack.NO_DATA, "no data"
    last = track.last
    if last is None and seen.newest is not None:
        moment = micros(seen.newest.at)
        if clock.leaves_out(moment):
            return Lack.LEFT_OUT, "only samples of own load"
        last = clock.counted(moment)
    age = format_duration(timedelta(microseconds=time - (last or 0)))
    return Lack.STALE, f"the last value is {age} old, older than {format_duration(terms.gap)}"


def _known_from(track: Track, clock: CountedTime, time: int, lack: Lack) -> datetime | None:
    """Give the earliest moment at which the answer can be known if samples keep coming."""
    run = track.run
    if lack in {Lack.TOO_SHORT, Lack.GAP} and run is not None:
        return moment_of(clock.moment(run.time + track.length))
    if lack is Lack.MISSING_TICKS and track.ticks is not None:
        at = track.ticks.at(track.taken, time)
        known = [index for index in at if index is not None]
        if known and None not in at[: len(known)]:  # only the oldest are missing: the series is young
            return moment_of(clock.moment(track.points.times[known[-1]] + (len(at) - 1) * track.every))
    return None
