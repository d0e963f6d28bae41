"""Names in the tests of a plan: each must lead to a part of the plan."""

import difflib
from collections.abc import Iterable, Iterator

from outgrow.errors import PlanError, Problem
from outgrow.plan import Plan
from outgrow.plan.grades import Grade
from outgrow.plan.signals import QuerySignal
from outgrow.plan.tests import Expectation, LoadedTests, PlanTest
from outgrow.plan.yaml_tree import Path, dotted


def require_known_names(loaded: LoadedTests, plan: Plan) -> None:
    """See to it that every name in the tests exists in the plan.

    Raises:
        PlanError: with every name that does not.
    """
    problems = tuple(_Names(loaded, plan).problems())
    if problems:
        raise PlanError(problems)


class _Names:
    def __init__(self, loaded: LoadedTests, plan: Plan) -> None:
        self._loaded = loaded
        self._plan = plan

    def problems(self) -> Iterator[Problem]:
        for index, test in enumerate(self._loaded.tests.tests):
            yield from self._test(test, ("tests", index))

    def _test(self, test: PlanTest, path: Path) -> Iterator[Problem]:
        for name, series in test.signals.items():
            below = (*path, "signals", name)
            signal = self._plan.signals.get(name)
            yield from self._unknown(below, "signal", name, self._plan.signals)
            if isinstance(signal, QuerySignal):
                for each in series:
                    if set(each.labels) != set(signal.by):
                        wanted = ", ".join(signal.by) or "none"
                        yield self._problem(
                            below, f"its labels are {wanted}", "write labels: {...} as the signal's `by`"
                        )
                if len({tuple(sorted(each.labels.items())) for each in series}) < len(series):
                    yield self._problem(below, "two series have the same labels", "give each its own")
        for number, expectation in enumerate(test.expect):
            yield from self._expectation(expectation, (*path, "expect", number))
        for name, changes in test.timeline.items():
            yield from self._unknown((*path, "timeline", name), "checkpoint", name, self._plan.checkpoints)
            for number, change in enumerate(changes):
                yield from self._grade((*path, "timeline", name, number, "grade"), name, change.grade)

    def _expectation(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        checkpoints = self._plan.checkpoints
        if expected.checkpoint is None and len(checkpoints) != 1:
            yield self._problem(path, '"checkpoint" is missing', f"the plan has {', '.join(checkpoints) or 'none'}")
            return
        name = expected.checkpoint or next(iter(checkpoints))
        yield from self._unknown((*path, "checkpoint"), "checkpoint", name, checkpoints)
        checkpoint = checkpoints.get(name)
        if checkpoint is None:
            return
        yield from self._grade((*path, "grade"), name, expected.grade)
        for each in expected.conditions:
            yield from self._unknown((*path, "conditions", each), "condition", each, checkpoint.conditions)
        for grade in (*expected.rules, *(expected.undecided or ())):
            yield from self._grade(path, name, grade)

    def _grade(self, path: Path, checkpoint: str, grade: object) -> Iterator[Problem]:
        declared = self._plan.checkpoints.get(checkpoint)
        if declared is not None and isinstance(grade, Grade) and grade is not Grade.CLEAR:
            known = [each.word for each in declared.verdicts]
            yield from self._unknown(path, f"grade of {checkpoint}", grade.word, known)

    def _unknown(self, path: Path, noun: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
        names = list(known)
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
            remedy = f'did you mean "{close[0]}"?' if close else f"the plan has {', '.join(names) or 'none'}"
            yield self._problem(path, f'no {noun} is called "{name}"', remedy)

    def _problem(self, path: Path, what: str, remedy: str) -> Problem:
        return Problem(self._loaded.tree.place_of_key(path), dotted(path), what, remedy)
