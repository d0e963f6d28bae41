"""Running the tests of a plan: the given series through the very deciders that judge the live system."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from outgrow.decide.checkpoints import SeriesBySignal, case_of
from outgrow.decide.derived import with_derived
from outgrow.decide.expectations import Mismatch, Shown, compared, grade_of_word, timeline_mismatches
from outgrow.decide.follow import Answer
from outgrow.decide.rules import answer_of
from outgrow.decide.spans import Span
from outgrow.decide.timeline import Followed
from outgrow.errors import Place
from outgrow.facts.decisions import EventKind
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Sample, labels_of
from outgrow.facts.verdicts import CheckpointVerdict
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.plan.notation import Given, GivenNothing
from outgrow.plan.tests import LoadedTests, PlanTest, SeriesGiven

_ABSENCES: Final[Mapping[str, Absence]] = {
    "null": Absence.NULL,
    "nan": Absence.NOT_A_NUMBER,
    "empty": Absence.EMPTY_WINDOW,
    "failed": Absence.FAILED,
}


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: what did not match, how many things were looked at, and the shown grades of its checkpoints."""

    __test__ = False  # a record, not a class of tests

    name: str
    place: Place
    looked_at: int
    mismatches: tuple[Mismatch, ...]
    timelines: Mapping[str, tuple[Shown, ...]]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class CheckpointCoverage:
    """What the tests have shown of a checkpoint, at the moments that they look at.

    `conditions` says which answers were seen of each condition, `grades` which grades were shown (None: unknown);
    `all_grades` are those that it can show.
    """

    conditions: Mapping[str, frozenset[Answer]]
    grades: frozenset[Grade | None]
    all_grades: tuple[Grade | None, ...]

    @property
    def seen(self) -> int:
        """How many answers and grades were seen."""
        return sum(map(len, self.conditions.values())) + len(self.grades & frozenset(self.all_grades))

    @property
    def possible(self) -> int:
        """How many there are."""
        return len(Answer) * len(self.conditions) + len(self.all_grades)


@dataclass(frozen=True, slots=True)
class TestReport:
    """The results of a file of tests, and what they cover of the plan."""

    __test__ = False

    results: tuple[TestResult, ...]
    coverage: Mapping[str, CheckpointCoverage]

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return all(each.passed for each in self.results)


def run_plan_tests(plan: Plan, loaded: LoadedTests) -> TestReport:
    """Run the tests of a plan.

    Args:
        plan: that the tests speak of; their names must exist in it (`require_known_names`).
        loaded: the tests.
    """
    seen = _Seen(plan)
    results = tuple(_run(plan, test, loaded.place(index), seen) for index, test in enumerate(loaded.tests.tests))
    return TestReport(results, seen.coverage())


class _Seen:
    """Collects what was seen at the moments that tests look at."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._answers: dict[tuple[str, str], set[Answer]] = {}
        self._grades: dict[str, set[Grade | None]] = {}

    def note(self, verdict: CheckpointVerdict) -> None:
        for name, condition in verdict.conditions.items():
            self._answers.setdefault((verdict.checkpoint, name), set()).add(answer_of(condition.holding))
        self._grades.setdefault(verdict.checkpoint, set()).add(verdict.grade)

    def coverage(self) -> Mapping[str, CheckpointCoverage]:
        return {
            name: CheckpointCoverage(
                conditions={each: frozenset(self._answers.get((name, each), ())) for each in checkpoint.conditions},
                grades=frozenset(self._grades.get(name, ())),
                all_grades=(None, Grade.CLEAR, *sorted(checkpoint.verdicts)),
            )
            for name, checkpoint in self._plan.checkpoints.items()
        }


def _run(plan: Plan, test: PlanTest, place: Place, seen: _Seen) -> TestResult:
    series = with_derived(plan.signals, _given_series(plan, test))
    excluded = tuple(
        Span(test.start + each.start, test.start + each.end, EventKind(each.kind)) for each in test.own_load
    )
    mismatches = list[Mismatch]()
    timelines: dict[str, tuple[Shown, ...]] = {}
    looked_at = 0
    for name in _checkpoints_of(plan, test):
        expected = [each for each in test.expect if (each.checkpoint or name) == name]
        verdicts = _judged(plan, name, test, series, excluded)
        shown = list[Shown]()
        for at, verdict, is_looked_at in verdicts:
            changed = not shown or shown[-1].grade is not verdict.grade
            if changed:
                shown.append(Shown(at, verdict.grade))
            if is_looked_at or (changed and name in test.timeline):
                seen.note(verdict)
            for expectation in expected:
                if expectation.at == at:
                    things = list(compared(expectation, verdict, test.start))
                    looked_at += len(things)
                    mismatches += [each for each in things if each.expected != each.found]
        timelines[name] = tuple(shown)
        if name in test.timeline:
            wanted = tuple(Shown(each.at, grade_of_word(each.grade)) for each in test.timeline[name])
            looked_at += len(wanted)
            mismatches += timeline_mismatches(name, wanted, timelines[name])
    return TestResult(test.name, place, looked_at, tuple(sorted(mismatches, key=lambda each: each.at)), timelines)


def _checkpoints_of(plan: Plan, test: PlanTest) -> Sequence[str]:
    only = next(iter(plan.checkpoints), "")
    named = {each.checkpoint or only for each in test.expect} | set(test.timeline)
    return [name for name in plan.checkpoints if name in named]


def _judged(
    plan: Plan, name: str, test: PlanTest, series: SeriesBySignal, excluded: Sequence[Span]
) -> Iterator[tuple[timedelta, CheckpointVerdict, bool]]:
    """Judge a checkpoint from the test's start on: where something changes, and at the moments that are looked at."""
    case = case_of(name, plan.checkpoints[name], plan.signals)
    looked_at = {each.at for each in test.expect if (each.checkpoint or name) == name}
    steps = {number * test.every for number in range(test.length // test.every + 1)}
    followed = Followed(case, series, excluded, None, test.start)
    for at in sorted(steps | looked_at):
        changed = followed.step(test.start + at)
        if changed or at in looked_at:
            yield at, followed.verdict(), at in looked_at


# --- series out of the notation ------------------------------------------------------------------------------------


def _given_series(plan: Plan, test: PlanTest) -> Mapping[str, Mapping[Labels, Sequence[Sample]]]:
    return {
        name: {labels_of(each.labels): tuple(_samples(each, plan, name, test.start)) for each in series}
        for name, series in test.signals.items()
    }


def _samples(given: SeriesGiven, plan: Plan, signal: str, start: datetime) -> Iterator[Sample]:
    every = given.every or plan.signals[signal].every
    for index, each in enumerate(given.values):
        moment = start + given.after + index * every
        if each != GivenNothing("_"):
            yield _sample(each, moment)


def _sample(given: Given, moment: datetime) -> Sample:
    if isinstance(given, GivenNothing):
        return Missing(moment, _ABSENCES[given.why], given.why, moment)
    return Measured(moment, given.value, moment, given.rows)


__all__ = ["CheckpointCoverage", "Mismatch", "Shown", "TestReport", "TestResult", "run_plan_tests"]
