"""Checkpoints: from conditions and rules to the grade that is shown, with its due date and deadlines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from outgrow.decide import latch
from outgrow.decide.conditions import evaluate_condition
from outgrow.decide.derived import input_lookback
from outgrow.decide.points import SeriesByLabels
from outgrow.decide.rules import Ruling, decide_rule, reason
from outgrow.decide.spans import Span
from outgrow.decide.terms import Terms, lookback, terms_of
from outgrow.facts.samples import Labels
from outgrow.facts.verdicts import (
    CheckpointState,
    CheckpointVerdict,
    ConditionState,
    ConditionVerdict,
    Deadline,
    GradeState,
    Latch,
    RuleVerdict,
)
from outgrow.plan.checkpoints import Checkpoint, GradeRule, rule_hash
from outgrow.plan.grades import Grade
from outgrow.plan.signals import DerivedSignal, QuerySignal, inputs_of

SeriesBySignal = Mapping[str, SeriesByLabels]
"""Samples in time order, by signal and label set."""
Signals = Mapping[str, QuerySignal | DerivedSignal]
_NO_STEPS: Final[Mapping[str, timedelta]] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A checkpoint made ready to be judged again and again: its conditions in numbers, its hash, whether it counts."""

    name: str
    checkpoint: Checkpoint
    terms: tuple[Terms, ...]
    rule_hash: str
    shadow: bool = False


def case_of(
    name: str,
    checkpoint: Checkpoint,
    signals: Signals,
    *,
    shadow: bool = False,
    steps: Mapping[str, timedelta] = _NO_STEPS,
) -> Case:
    """Make a checkpoint ready.

    Args:
        name: of the checkpoint.
        checkpoint: as it stands in the plan.
        signals: the plan's signals.
        shadow: whether the checkpoint does not apply yet.
        steps: how far apart a signal's samples stand, where that is more than its `every` (the step of a backtest).

    Raises:
        KeyError: a condition's signal is not in the plan.
        ValueError: a threshold cannot be compared with its signal.
    """
    terms = tuple(
        terms_of(each, condition, signals, step=steps.get(condition.signal))
        for each, condition in checkpoint.conditions.items()
    )
    for each in terms:
        _ = each.threshold, each.leaves_at  # a unit that does not fit is found here, not at the first sample
    return Case(name, checkpoint, terms, rule_hash(checkpoint, signals), shadow)


def judge(
    case: Case,
    series: SeriesBySignal,
    now: datetime,
    state: CheckpointState | None = None,
    excluded: Sequence[Span] = (),
) -> tuple[CheckpointVerdict, CheckpointState]:
    """Judge a checkpoint at a moment.

    Args:
        case: the checkpoint, made ready.
        series: the samples of its signals, derived ones included; a signal that is absent has no data.
        now: the moment judged, timezone-aware.
        state: what the last evaluation left. One of other rules is not used, and the verdict says so.
        excluded: spans of own load.

    Returns:
        The verdict, and the state to hand in at the next evaluation.
    """
    usable = state if state is not None and state.rule_hash in {"", case.rule_hash} else None
    conditions: dict[str, ConditionVerdict] = {}
    states: dict[tuple[str, Labels], ConditionState] = {}
    for terms in case.terms:
        remembered = states_of(terms.name, usable)
        verdict, after = evaluate_condition(terms, series.get(terms.condition.signal, {}), now, remembered, excluded)
        conditions[terms.name] = verdict
        states |= {(terms.name, labels): each for labels, each in after.items()}
    rulings = rule_on(case, conditions)
    grades = advance_grades(case, usable.grades if usable is not None else {}, rulings, now)
    verdict = conclude(case, now, conditions, rulings, grades, latch_of(case, state))
    return verdict, CheckpointState(grades, states, case.rule_hash)


def states_of(condition: str, state: CheckpointState | None) -> Mapping[Labels, ConditionState]:
    """Pick what is remembered of one condition, by label set."""
    remembered = state.conditions.items() if state is not None else ()
    return {labels: each for (name, labels), each in remembered if name == condition}


def latch_of(case: Case, state: CheckpointState | None) -> Latch:
    """Say whether an earlier decision is at hand, and under the same rules."""
    if state is None:
        return Latch.NONE
    return Latch.KEPT if state.rule_hash in {"", case.rule_hash} else Latch.RULES_CHANGED


def rule_on(case: Case, conditions: Mapping[str, ConditionVerdict]) -> Mapping[Grade, Ruling]:
    """Apply every rule to what the conditions say."""
    holdings = {name: each.holding for name, each in conditions.items()}
    return {grade: decide_rule(rule, holdings) for grade, rule in case.checkpoint.grades_downwards}


def advance_grades(
    case: Case, before: Mapping[Grade, GradeState], rulings: Mapping[Grade, Ruling], now: datetime
) -> Mapping[Grade, GradeState]:
    """Carry the memory of every grade over an evaluation."""
    return {
        grade: latch.advance(before.get(grade, GradeState()), rulings[grade], now, rule.review)
        for grade, rule in case.checkpoint.grades_downwards
    }


def conclude(
    case: Case,
    now: datetime,
    conditions: Mapping[str, ConditionVerdict],
    rulings: Mapping[Grade, Ruling],
    grades: Mapping[Grade, GradeState],
    kept: Latch,
) -> CheckpointVerdict:
    """Put the verdict together: the shown grade is the highest in force."""
    holdings = {name: each.holding for name, each in conditions.items()}
    rules = tuple(
        latch.rule_verdict(grade, rule, rulings[grade], grades[grade], reason(rulings[grade], holdings))
        for grade, rule in case.checkpoint.grades_downwards
    )
    grade, undecided = shown_grade(rules)
    dues = [rule.due for rule in rules if rule.in_force and rule.due is not None]
    return CheckpointVerdict(
        checkpoint=case.name,
        at=now,
        grade=grade,
        rules=rules,
        conditions=conditions,
        undecided=undecided,
        due=min(dues, default=None),
        deadlines=_deadlines(rules, case.checkpoint.verdicts),
        rule_hash=case.rule_hash,
        shadow=case.shadow,
        latch=kept,
    )


def shown_grade(rules: Iterable[RuleVerdict]) -> tuple[Grade | None, tuple[Grade, ...]]:
    """Give the grade that is shown, None for unknown, and the higher grades that cannot be decided.

    Args:
        rules: most severe first.
    """
    undecided = list[Grade]()
    for rule in rules:
        if rule.in_force:
            return rule.grade, tuple(undecided)
        if rule.decided is None:
            undecided.append(rule.grade)
    return None if undecided else Grade.CLEAR, tuple(undecided)


def _deadlines(rules: Iterable[RuleVerdict], declared: Mapping[Grade, GradeRule]) -> tuple[Deadline, ...]:
    """Date the duties of every grade in force; of two of the same name the earlier one counts."""
    found = [
        Deadline(name, rule.first_confirmed + span, rule.grade)
        for rule in rules
        if rule.in_force and rule.first_confirmed is not None
        for name, span in declared[rule.grade].deadlines.items()
    ]
    earliest: dict[str, Deadline] = {}
    for each in sorted(found, key=lambda deadline: (deadline.at, -deadline.grade)):
        earliest.setdefault(each.name, each)
    return tuple(earliest.values())


def history_needed(case: Case, signals: Signals, *, remembered: bool = False) -> Mapping[str, timedelta]:
    """Say how far back each signal that is read must be known to judge a case; derived signals ask for their inputs."""
    needed: dict[str, timedelta] = {}

    def ask(name: str, span: timedelta) -> None:
        needed[name] = max(needed.get(name, timedelta(0)), span)
        signal = signals[name]
        for each in inputs_of(signal):
            if not isinstance(signal, QuerySignal):
                ask(each, span + input_lookback(signal, signals))

    for terms in case.terms:
        ask(terms.condition.signal, terms.delay + lookback(terms.condition, terms.every, remembered=remembered))
    return {name: span for name, span in needed.items() if isinstance(signals[name], QuerySignal)}
