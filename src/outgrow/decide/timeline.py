"""Timelines: when a checkpoint's verdict changes over a span, for backtests and for the tests of a plan.

The answer at each instant is the one that `judge` gives there when it is called at one instant after the other. Both
stand on the same state machine (`Watch`, `latch`); here its series are gone through once, and the evidence is put
together only where the answer changes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from outgrow.decide.checkpoints import (
    Case,
    SeriesBySignal,
    advance_grades,
    conclude,
    latch_of,
    rule_on,
    states_of,
)
from outgrow.decide.conditions import Watch
from outgrow.decide.follow import Answer
from outgrow.decide.rules import Ruling
from outgrow.decide.spans import Span, micros
from outgrow.facts.verdicts import CheckpointState, CheckpointVerdict, ConditionVerdict, GradeState, Latch
from outgrow.plan.grades import Grade


def timeline(
    case: Case,
    series: SeriesBySignal,
    instants: Iterable[datetime],
    excluded: Sequence[Span] = (),
    state: CheckpointState | None = None,
) -> Iterator[tuple[datetime, CheckpointVerdict]]:
    """Give the first verdict, and then each that differs in its grade, in a rule's answer or in what is undecided.

    Args:
        case: the checkpoint, made ready.
        series: the samples of its signals over the whole span and the look-back before it.
        instants: the moments judged, rising.
        excluded: spans of own load.
        state: what an evaluation before the first instant left.
    """
    shown: object = None
    for instant, verdict in changes(case, series, instants, excluded, state):
        key = (
            verdict.grade,
            verdict.undecided,
            tuple((rule.decided, rule.latched) for rule in verdict.rules),
        )
        if key != shown:
            shown = key
            yield instant, verdict


def changes(
    case: Case,
    series: SeriesBySignal,
    instants: Iterable[datetime],
    excluded: Sequence[Span] = (),
    state: CheckpointState | None = None,
) -> Iterator[tuple[datetime, CheckpointVerdict]]:
    """Give the first verdict, and then each at which a condition's answer differs from the instant before."""
    followed: Followed | None = None
    for instant in instants:
        if followed is None:
            followed = Followed(case, series, excluded, state, instant)
        if followed.step(instant):
            yield instant, followed.verdict()


class Followed:
    """A checkpoint followed from instant to instant.

    `step` moves to the next instant and says whether a condition's answer differs from the one before; `verdict` gives
    the full verdict of the instant that was stepped to.
    """

    def __init__(
        self,
        case: Case,
        series: SeriesBySignal,
        excluded: Sequence[Span],
        state: CheckpointState | None,
        first: datetime,
    ) -> None:
        """Prepare to step from `first` on."""
        self._case = case
        self._kept = latch_of(case, state)
        usable = state if state is not None and self._kept is Latch.KEPT else None
        self._grades = usable.grades if usable is not None else dict[Grade, GradeState]()
        self._watches = tuple(
            Watch(
                terms,
                series.get(terms.condition.signal, {}),
                excluded,
                states_of(terms.name, usable),
                first,
            )
            for terms in case.terms
        )
        self._answers: Sequence[Answer] = ()
        self._rulings: Mapping[Grade, Ruling] = dict[Grade, Ruling]()
        self._conditions: Mapping[str, ConditionVerdict] = {}
        self._instant: datetime | None = None

    def step(self, instant: datetime) -> bool:
        """Move to the next instant, which must not lie before the last."""
        now = micros(instant)
        answers = list[Answer]()
        for watch in self._watches:
            watch.advance(now)
            answers.append(watch.answer(now))
        before, self._instant = self._instant, instant
        if before is not None:
            self._kept = Latch.KEPT  # from the second instant on there is an evaluation to look back on
        changed = answers != self._answers
        if changed:
            # Reviews run on while nothing else changes: bring them up to the instant before this one.
            if before is not None:
                self._grades = advance_grades(self._case, self._grades, self._rulings, before)
            self._answers = answers
            self._rule(instant)
        return changed

    def verdict(self) -> CheckpointVerdict:
        """Give the verdict of the present instant.

        Raises:
            ValueError: no step has been taken.
        """
        instant = self._instant
        if instant is None:
            raise ValueError("there is no verdict before the first step")
        self._rule(instant)
        return conclude(self._case, instant, self._conditions, self._rulings, self._grades, self._kept)

    def _rule(self, instant: datetime) -> None:
        """Look at the evidence and carry the latch over it; twice at one instant changes nothing."""
        now = micros(instant)
        self._conditions = {watch.terms.name: watch.verdict(now) for watch in self._watches}
        self._rulings = rule_on(self._case, self._conditions)
        self._grades = advance_grades(self._case, self._grades, self._rulings, instant)
