"""What would change a verdict: the smallest sets of conditions that would have to turn, and how far each is from it.

Records, not sentences: the report words them ("D is 12 sessions short", "A needs 12 more minutes").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from outgrow.decide.follow import Answer
from outgrow.decide.rules import answer_of, answer_rule
from outgrow.facts.samples import Labels
from outgrow.facts.verdicts import CheckpointVerdict, ConditionVerdict, Held, Lack, NotHeld, Undecided
from outgrow.plan.checkpoints import Checkpoint, Condition, Rule
from outgrow.plan.grades import Grade

_TURNED_AT_ONCE: Final = 5
"""How many conditions may have to turn together before a way is no longer worth telling."""
_WAYS: Final = 6


@dataclass(frozen=True, slots=True)
class FallsShort:
    """The last value does not satisfy the condition: it lacks `by` (in the signal's unit) to the threshold.

    `by` is 0 where the value stands on a threshold that excludes equality. Satisfied, it must stay so for `lasting`,
    or in `ticks` further ticks of an `m_of_n` condition.
    """

    condition: str
    labels: Labels
    by: float
    value: float
    threshold: float
    lasting: timedelta
    ticks: int | None = None


@dataclass(frozen=True, slots=True)
class NeedsTime:
    """The condition is satisfied and must stay so for `more`; it has been for `progress` of `needed`."""

    condition: str
    labels: Labels
    more: timedelta
    progress: timedelta
    needed: timedelta


@dataclass(frozen=True, slots=True)
class NeedsTicks:
    """The condition is satisfied now; of the last `of` ticks `satisfied` are, and `more` must become so."""

    condition: str
    labels: Labels
    more: int
    satisfied: int
    of: int


@dataclass(frozen=True, slots=True)
class NeedsData:
    """The condition cannot be decided: why, and from when on it can be at the earliest; then it must hold, or not."""

    condition: str
    labels: Labels
    must_hold: bool
    lack: Lack
    why: str
    known_from: datetime | None


@dataclass(frozen=True, slots=True)
class Clears:
    """The condition holds until the value passes `at` (the leaving, else the entering threshold) for `lasting`.

    `by` is how far the last value is from it, in the signal's unit; None where there is no value.
    """

    condition: str
    labels: Labels
    at: float
    by: float | None
    lasting: timedelta


Step = FallsShort | NeedsTime | NeedsTicks | NeedsData | Clears


@dataclass(frozen=True, slots=True)
class Change:
    """How a grade's rule would come to hold (`rises`) or cease to.

    `ways` are alternatives, the ones with the fewest steps first; the steps of one way must all happen.
    """

    grade: Grade
    rises: bool
    ways: tuple[tuple[Step, ...], ...]


def what_would_change(verdict: CheckpointVerdict, checkpoint: Checkpoint) -> tuple[Change, ...]:
    """Say what would raise a verdict to each higher grade, and what would end the grade that is shown.

    Args:
        verdict: of this checkpoint.
        checkpoint: as it stands in the plan.

    Returns:
        The higher grades from the nearest up, then the shown grade (none for `clear` and unknown). A grade that no
        turn of up to five conditions brings about is passed over.
    """
    answers = {name: answer_of(each.holding) for name, each in verdict.conditions.items()}
    shown = verdict.grade if verdict.grade is not None else Grade.CLEAR
    rules = dict(checkpoint.grades_downwards)
    found = [
        Change(grade, rises=True, ways=_ways(rules[grade], answers, verdict, checkpoint, Answer.YES))
        for grade in sorted(rules)
        if grade > shown
    ]
    if shown in rules:
        found.append(Change(shown, rises=False, ways=_ways(rules[shown], answers, verdict, checkpoint, Answer.NO)))
    return tuple(change for change in found if change.ways)


def _ways(
    rule: Rule,
    answers: Mapping[str, Answer],
    verdict: CheckpointVerdict,
    checkpoint: Checkpoint,
    wanted: Answer,
) -> tuple[tuple[Step, ...], ...]:
    return tuple(
        tuple(_step(verdict.conditions[name], checkpoint.conditions[name], turned) for name, turned in turns.items())
        for turns in _smallest_turns(rule, answers, wanted)
    )


def _smallest_turns(rule: Rule, answers: Mapping[str, Answer], wanted: Answer) -> Sequence[Mapping[str, Answer]]:
    """Find the sets of conditions whose turning gives the wanted answer, and of which no part already does."""
    found = list[Mapping[str, Answer]]()
    names = tuple(dict.fromkeys(rule.condition_names()))
    if answer_rule(rule, answers) is wanted:
        return ()
    for size in range(1, min(len(names), _TURNED_AT_ONCE) + 1):
        for chosen in combinations(names, size):
            for turns in _turned(chosen, answers):
                known = any(turns.items() >= smaller.items() for smaller in found)
                if not known and answer_rule(rule, {**answers, **turns}) is wanted:
                    found.append(turns)
        if len(found) >= _WAYS:
            break
    return found[:_WAYS]


def _turned(chosen: Sequence[str], answers: Mapping[str, Answer]) -> Iterator[Mapping[str, Answer]]:
    """Turn each condition to what it is not; one that is unknown may turn either way."""
    if not chosen:
        yield {}
        return
    name, *rest = chosen
    for answer in (Answer.YES, Answer.NO):
        if answer is not answers[name]:
            for turns in _turned(rest, answers):
                yield {name: answer, **turns}


def _step(verdict: ConditionVerdict, condition: Condition, turned: Answer) -> Step:
    """Say what must happen for a condition to turn."""
    holding, headroom = verdict.holding, verdict.headroom
    name, labels = verdict.name, verdict.deciding
    match holding:
        case Undecided():
            return NeedsData(name, labels, turned is Answer.YES, holding.lack, holding.why, holding.known_from)
        case Held():
            at = verdict.leaves_at if verdict.leaves_at is not None else verdict.threshold
            by = None if headroom is None else max(0.0, (headroom.value - at) * (1 if condition.rising else -1))
            return Clears(name, labels, at, by, condition.clears_for)
        case NotHeld():
            pass
    m_of_n = condition.m_of_n
    more = None if m_of_n is None else m_of_n.m - (holding.ticks or 0)
    if headroom is not None and not _satisfied(condition, headroom.absolute):
        by = max(0.0, headroom.absolute)
        return FallsShort(name, labels, by, headroom.value, verdict.threshold, condition.sustained_for, more)
    if m_of_n is not None:
        return NeedsTicks(name, labels, more or 0, holding.ticks or 0, m_of_n.n)
    needed = condition.sustained_for
    return NeedsTime(name, labels, needed - holding.progress, holding.progress, needed)


def _satisfied(condition: Condition, headroom: float) -> bool:
    return headroom < 0 or (headroom == 0 and condition.comparison in {"at_least", "at_most"})
