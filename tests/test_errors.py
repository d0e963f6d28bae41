"""Errors say where, what and what next, and survive a trip between processes."""

import pickle

import pytest

from outgrow.errors import (
    ExitCode,
    Failure,
    JournalError,
    NotProvenError,
    OutgrowError,
    Place,
    PlanError,
    Problem,
    RefusedError,
    Severity,
    SourceError,
    TooWeakError,
    UsageError,
)


def test_a_problem_is_one_line_that_editors_can_jump_to():
    problem = Problem(Place("plan.yaml", 14, 7), "signals.queue.feild", "unknown option", 'did you mean "field"?')
    assert str(problem) == 'plan.yaml:14:7 signals.queue.feild: unknown option; did you mean "field"?'


def test_a_warning_says_that_it_is_one():
    problem = Problem(Place("plan.yaml", 3, 1), "signals.queue", "is used by nothing", severity=Severity.WARNING)
    assert str(problem) == "plan.yaml:3:1 warning: signals.queue: is used by nothing"


def test_a_place_without_a_line_is_the_file():
    assert str(Problem(Place("plan.yaml"), "", "is empty")) == "plan.yaml is empty"


def test_a_problem_stays_one_line_and_harmless_to_a_terminal_whatever_the_plan_calls_its_parts():
    problem = Problem(Place("plan.yaml", 1, 1), "signals.a\nb", "no source is called \x1b[31mred\u202e", "look\tagain")
    assert str(problem) == r"plan.yaml:1:1 signals.a\nb: no source is called \x1b[31mred\u202e; look\tagain"


def test_a_plan_error_lists_every_problem():
    problems = (Problem(Place("p", 1, 1), "a", "x"), Problem(Place("p", 2, 1), "b", "y"))
    assert str(PlanError(problems)) == "p:1:1 a: x\np:2:1 b: y"


@pytest.mark.parametrize(
    "error",
    [
        PlanError((Problem(Place("plan.yaml", 1, 2), "a", "b", "c"),)),
        SourceError(Failure.TIMED_OUT, "no answer within 10s", "raise timeout"),
        UsageError("no such file"),
    ],
)
def test_errors_survive_a_trip_between_processes(error: OutgrowError):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutgrowError, 1),
        (UsageError, 2),
        (PlanError, 2),
        (SourceError, 3),
        (JournalError, 3),
        (NotProvenError, 6),
        (TooWeakError, 7),
        (RefusedError, 8),
    ],
)
def test_the_exit_code_follows_the_class(error: type[OutgrowError], code: int):
    assert error.exit_code is ExitCode(code)
