"""Korean Together's plan is valid, and its own tests pass and show every answer and every grade."""

from outgrow.decide.plan_tests import run_plan_tests
from outgrow.plan.file import parse_plan
from outgrow.plan.tests import parse_plan_tests
from outgrow.plan.tests_references import require_known_names
from tests.examples.koto_rows import PLAN


def test_the_plan_is_valid_and_nothing_in_it_is_doubtful():
    loaded = parse_plan(PLAN.read_text(encoding="utf-8"), "plan.yaml")

    assert loaded.warnings == ()
    assert len(loaded.plan.checkpoints) == 5


def test_the_plans_own_tests_pass_and_show_every_answer_and_every_grade():
    plan = parse_plan(PLAN.read_text(encoding="utf-8"), "plan.yaml").plan
    tests = parse_plan_tests(PLAN.with_name("plan.test.yaml").read_text(encoding="utf-8"), "plan.test.yaml")
    require_known_names(tests, plan)

    report = run_plan_tests(plan, tests)

    assert [result.name for result in report.results if not result.passed] == []
    assert {
        name: (each.seen, each.possible) for name, each in report.coverage.items() if each.seen < each.possible
    } == {}
