"""The weekly review (KC-9): what changed since the last one, the week's numbers, and what to do in the next."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from outgrow.facts.checks import CheckFacts
from outgrow.facts.decisions import Decision, Event, EventKind
from outgrow.facts.forecasts import DailyLevel
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.review import Review
from outgrow.quantity import format_in
from outgrow.report.conditions import statement
from outgrow.report.days_chart import history_of
from outgrow.report.deadlines import distance
from outgrow.report.happened import event_text
from outgrow.report.views import CheckpointView
from outgrow.report.words import Words

_WEEK: Final = timedelta(days=7)
_FRESH: Final = timedelta(days=1)
_OF_THE_LOOP: Final = frozenset({EventKind.SCALING, EventKind.START_UP})
"""A scaling loop has one every few seconds: `outgrow journal events` lists those."""
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Change:
    """A checkpoint whose grade changed: from which to which, and when."""

    title: str
    before: str
    before_word: str
    after: str
    after_word: str
    at: str


@dataclass(frozen=True, slots=True)
class WeekNumber:
    """One condition's daily level: the extreme of the week before and of this one."""

    title: str
    statement: str
    last_week: str
    this_week: str
    change: str
    worse: bool


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do: what, for which checkpoint, by when; `late` when that has passed."""

    what: str
    checkpoint: str
    when: str
    late: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the week: a load test, a deployment, a note."""

    what: str
    when: str
    text: str


@dataclass(frozen=True, slots=True)
class WeeklyView:
    """Everything that a weekly review looks at. `remembered` says whether earlier verdicts were at hand."""

    since: str
    next: str
    agenda: tuple[str, ...]
    remembered: bool
    changes: tuple[Change, ...]
    numbers: tuple[WeekNumber, ...]
    actions: tuple[Action, ...]
    happenings: tuple[Happening, ...]


def last_review(review: Review, now: datetime, zone: ZoneInfo) -> datetime:
    """Give the review before this one: on the day of a review that is the one of a week ago."""
    return _review_before(review, now - _FRESH, zone)


def next_review(review: Review, now: datetime, zone: ZoneInfo) -> datetime:
    """Give the first review after `now`."""
    return _review_before(review, now + _WEEK, zone)


def _review_before(review: Review, moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - _DAYS.index(review.on)) % 7)
    found = datetime.combine(day, time.fromisoformat(review.at), zone)
    return found if found <= moment else datetime.combine(day - _WEEK, time.fromisoformat(review.at), zone)


def weekly_view(
    plan: Plan,
    facts: CheckFacts,
    checkpoints: Sequence[CheckpointView],
    decisions: Sequence[Decision],
    events: Sequence[Event],
    words: Words,
) -> WeeklyView | None:
    """Word the weekly review; None where the plan has none.

    Args:
        plan: with its `review`.
        facts: of this check.
        checkpoints: worded, worst first.
        decisions: earlier ones, in time order; empty without a journal.
        events: of the week.
        words: language and zone.
    """
    if plan.review is None:
        return None
    since = last_review(plan.review, facts.at, words.zone)
    titles = {view.name: view.title for view in checkpoints}
    return WeeklyView(
        since=words.moment(since),
        next=words.moment(next_review(plan.review, facts.at, words.zone)),
        agenda=plan.review.agenda,
        remembered=any(each.at <= since for each in decisions),
        changes=tuple(_changes(facts, decisions, since, titles, words)),
        numbers=tuple(_numbers(plan, facts, words)),
        actions=tuple(_actions(plan, facts, checkpoints, words)),
        happenings=tuple(_happenings(events, since, facts.at, words)),
    )


def _changes(
    facts: CheckFacts, decisions: Sequence[Decision], since: datetime, titles: Mapping[str, str], words: Words
) -> Iterator[Change]:
    """Give every change of a grade since the last review, newest first; the first known verdict is no change."""
    found: list[tuple[datetime, Change]] = []
    for name, title in titles.items():
        verdict = facts.verdicts[name]
        given = [(each.at, each.grade) for each in decisions if each.checkpoint == name and each.at <= facts.at]
        given.append((facts.at, verdict.grade))
        for (_, before), (at, after) in pairwise(given):
            if at > since and before != after:
                old, new = (each.word if each is not None else "unknown" for each in (before, after))
                texts = (words(f"grade.{old}"), words(f"grade.{new}"))
                found.append((at, Change(title, old, texts[0], new, texts[1], words.moment(at))))
    yield from (change for _, change in sorted(found, key=lambda pair: pair[0], reverse=True))


def _numbers(plan: Plan, facts: CheckFacts, words: Words) -> Iterator[WeekNumber]:
    """Compare the last seven whole days of each condition with the seven before, by the extreme that it looks at."""
    for name, trends in facts.trends.items():
        for letter, trend in trends.items():
            condition = plan.checkpoints[name].conditions[letter]
            signal = plan.signals[condition.signal]
            series = next((each for each in trend.series), None)
            history = history_of(series.forecast) if series else ()
            extreme = max if condition.rising else min
            week, before = _levels(history, facts, words, 1), _levels(history, facts, words, 2)
            if not week:
                continue
            this, last = extreme(week), extreme(before) if before else None
            yield WeekNumber(
                title=condition.title or signal.title or condition.signal,
                statement=statement(condition, words),
                last_week="–" if last is None else format_in(last, signal.measure, condition.threshold.unit),
                this_week=format_in(this, signal.measure, condition.threshold.unit),
                change="–" if last is None or last == 0 else _change(this, last),
                worse=last is not None and (this > last if condition.rising else this < last),
            )


def _change(this: float, last: float) -> str:
    return f"{100 * (this - last) / abs(last):+.0f} %".replace("-", "−")


def _levels(history: Sequence[DailyLevel], facts: CheckFacts, words: Words, week: int) -> list[float]:
    """Give the levels of the seven whole days that end `week` - 1 weeks before today."""
    today = facts.at.astimezone(words.zone).date()
    return [each.level for each in history if (week - 1) * 7 < (today - each.day).days <= week * 7]


def _actions(plan: Plan, facts: CheckFacts, checkpoints: Sequence[CheckpointView], words: Words) -> Iterator[Action]:
    """Give what is due up to a week from now, late ones first, then what has no date."""
    dated: list[tuple[datetime, Action]] = []
    undated: list[Action] = []
    for view in checkpoints:
        if view.shadow:
            continue
        verdict, checkpoint = facts.verdicts[view.name], plan.checkpoints[view.name]
        for at, what in _duties(facts, view, checkpoint, words):
            if at <= facts.at + _WEEK:
                when = f"{words.moment(at)} ({distance(at, facts.at, words)})"
                dated.append((at, Action(what, view.title, when, at < facts.at)))
        if verdict.grade is None or verdict.undecided:
            lacking = ", ".join(each.title for each in view.conditions if each.state == "unknown")
            undated.append(Action(words("weekly.make_known", conditions=lacking), view.title, "", late=False))
        if not view.owner and verdict.grade is not None and verdict.due is not None:
            undated.append(Action(words("weekly.name_owner"), view.title, "", late=False))
    yield from (action for _, action in sorted(dated, key=lambda pair: pair[0]))
    yield from undated


def _duties(
    facts: CheckFacts, view: CheckpointView, checkpoint: Checkpoint, words: Words
) -> Iterator[tuple[datetime, str]]:
    verdict = facts.verdicts[view.name]
    for deadline in verdict.deadlines:
        yield deadline.at, words("weekly.deadline", name=deadline.name)
    if verdict.due is not None and verdict.grade is not None:
        text = checkpoint.verdicts[verdict.grade].text if verdict.grade in checkpoint.verdicts else ""
        yield verdict.due, text or words("weekly.take_step")
    for rule in verdict.rules:
        if rule.review is not None:
            yield rule.review, words("weekly.look_again", grade=words(f"grade.{rule.grade.word}"))
    forecast = facts.forecasts.get(view.name)
    ahead = [each for each in forecast.grades if each.start_by is not None] if forecast else []
    in_force = {rule.grade for rule in verdict.rules if rule.in_force}
    starts = [(each.start_by, each.grade) for each in ahead if each.grade not in in_force and each.start_by is not None]
    if starts:
        day, grade = min(starts)
        begin = datetime.combine(day, time(), words.zone)
        yield begin, words("weekly.start", grade=words(f"grade.{grade.word}"))


def _happenings(events: Iterable[Event], since: datetime, now: datetime, words: Words) -> Iterator[Happening]:
    for event in events:
        if event.kind in _OF_THE_LOOP or (event.end or event.start) < since or event.start > now:
            continue
        end = f" – {words.moment(event.end)}" if event.end is not None else ""
        told = ": ".join(part for part in (event.subject, event_text(event, words)) if part)
        yield Happening(words(f"event.{event.kind.value}"), words.moment(event.start) + end, told)
