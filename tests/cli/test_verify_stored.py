"""A kept run stands for a scenario only where it asked of the target what the plan asks now."""

from dataclasses import replace

import pytest

from outgrow.cli.verify_stored import refuse_other_load
from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, Outcome, StepLoad
from outgrow.loadtest.course import timetable_of
from outgrow.plan.asked_load import asked_hash
from outgrow.plan.scenarios import Scenario
from tests.decide.given_loads import run_of, second

OPEN = {"target_rps": 10, "duration": "60s"}


def scenario(**course) -> Scenario:
    return Scenario.model_validate({"target": "http://127.0.0.1", "steps": [{"name": "one"}], **course})


def run_with(arrivals: int, seconds: float, *, generator: str = "", users: int = 0) -> LoadFacts:
    timeline = [replace(second(index + 1.0, [0.1]), vus=users) for index in range(3)]
    whole = StepLoad("one", {Outcome.DONE: arrivals}, {200: arrivals}, None, None, None)
    made = replace(run_of(timeline), whole=whole, generator=generator)
    return replace(made, seconds=seconds, planned_seconds=seconds)


def is_taken(facts: LoadFacts, declared: Scenario) -> bool:
    try:
        refuse_other_load("peak", declared, facts, timetable_of(declared))
    except UsageError:
        return False
    return True


@pytest.mark.parametrize(
    ("arrivals", "seconds", "generator", "taken"),
    [
        (600, 60, "", True),
        (600, 600, "", False),  # as many, a tenth as fast
        (300, 60, "", False),
        (600, 30, "", False),
        (600, 61, "k6", True),
        (6, 1, "k6", False),
        (600, 600, "k6", False),
        (900, 60, "k6", True),
    ],
)
def test_a_run_of_less_or_of_slower_load_is_refused(arrivals: int, seconds: float, generator: str, *, taken: bool):
    assert is_taken(run_with(arrivals, seconds, generator=generator), scenario(**OPEN)) is taken


@pytest.mark.parametrize(
    ("course", "arrivals", "seconds", "users", "taken"),
    [
        ({"vus": 10, "duration": "60s"}, 99, 60, 10, True),
        ({"vus": 10, "duration": "60s"}, 99, 6, 10, False),
        ({"vus": 10, "duration": "60s"}, 99, 60, 5, False),
        ({"vus": 10, "iterations": 100}, 100, 6, 10, True),
        ({"vus": 10, "iterations": 100}, 50, 6, 10, False),
        ({"vus": 10, "iterations": 100, "executor": "per-vu-iterations"}, 100, 6, 10, False),
        ({"stages": [{"ramp": 10, "over": "60s"}], "executor": "ramping-vus"}, 99, 60, 10, True),
        ({"stages": [{"ramp": 10, "over": "60s"}], "executor": "ramping-vus"}, 99, 60, 3, False),
    ],
)
def test_a_closed_run_of_fewer_users_or_shorter_is_refused(course, arrivals: int, seconds: float, users: int, *, taken):
    assert is_taken(run_with(arrivals, seconds, users=users), scenario(**course)) is taken


def test_a_run_of_other_steps_is_refused_and_one_that_was_judged_otherwise_is_not():
    declared = scenario(**OPEN)
    facts = replace(run_with(600, 60), asked_hash=asked_hash(declared))

    assert is_taken(facts, declared)
    assert is_taken(facts, scenario(**OPEN, thresholds={"p95": "1 s"}, processes=2, title="Peak"))
    assert not is_taken(facts, scenario(**OPEN, timeout="60s"))
    assert not is_taken(facts, scenario(**OPEN, users=20))
    assert not is_taken(facts, declared.model_copy(update={"target": "http://127.0.0.2"}))
