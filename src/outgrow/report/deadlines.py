"""Deadlines as a track: from the moment they began to run, past now, to the last of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from outgrow.facts.verdicts import CheckpointVerdict, RuleVerdict
from outgrow.report.rulers import Post, Track, percent, place_between
from outgrow.report.words import Words

_EDGE = 12.0
"""Percent from either end within which a text is aligned to that end."""


def deadline_track(verdict: CheckpointVerdict, words: Words) -> Track | None:
    """Draw what a verdict's grades in force bring along; None where nothing is dated, or all was due at once."""
    counting = [rule for rule in verdict.rules if rule.in_force and rule.first_confirmed is not None]
    posts = sorted(_posts(verdict, counting, words))
    began = [rule.first_confirmed for rule in counting if rule.first_confirmed is not None and _is_dated(rule, verdict)]
    if not posts or not began:
        return None
    start, now = min(began), verdict.at
    end = max(now, *(at for at, _ in posts))
    if posts[-1][0] <= start:
        return None
    places = [(place_between(at, start, end), at, name) for at, name in posts]
    return Track(
        now=percent(place_between(now, start, end)),
        posts=tuple(
            Post(
                at=percent(place),
                name=name,
                moment=words.moment(at),
                distance=distance(at, now, words),
                late=at < now,
                anchor="start" if place < _EDGE else "end" if place > 100 - _EDGE else "middle",
            )
            for place, at, name in places
        ),
        began=words.moment(start),
        late=any(at < now for at, _ in posts),
    )


def _posts(verdict: CheckpointVerdict, counting: list[RuleVerdict], words: Words) -> Iterator[tuple[datetime, str]]:
    """Give every dated duty once: named deadlines, and the step itself."""
    for deadline in verdict.deadlines:
        yield deadline.at, deadline.name
    if verdict.due is not None and any(rule.due == verdict.due for rule in counting):
        yield verdict.due, words("card.the_step")


def _is_dated(rule: RuleVerdict, verdict: CheckpointVerdict) -> bool:
    return rule.due is not None or any(each.grade == rule.grade for each in verdict.deadlines)


def distance(at: datetime, now: datetime, words: Words) -> str:
    """Word how far a duty is: `2 h 10 min late`, or `in 21 h 50 min`."""
    if abs(now - at) < timedelta(minutes=1):
        return words("span.now")
    return words("span.late", span=words.span(now - at)) if at < now else words("span.left", span=words.span(at - now))
