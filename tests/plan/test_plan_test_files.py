import pytest

from outgrow.errors import PlanError
from outgrow.plan.file import parse_plan
from outgrow.plan.tests import parse_plan_tests
from outgrow.plan.tests_references import require_known_names

PLAN = """\
outgrow: 1
name: shop
sources:
  db: {kind: postgres, url: "postgresql://localhost/shop"}
signals:
  latency: {source: db, unit: ms, query: SELECT 1}
  users: {source: db, by: [region], query: SELECT 1}
checkpoints:
  split:
    conditions:
      A: {signal: latency, above: 800 ms}
      B: {signal: users, above: 10}
    verdicts:
      recommended: {all: [A]}
      required: {all: [A, B]}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PlanError) as caught:
        require_known_names(parse_plan_tests(text, "shop.test.yaml"), parse_plan(PLAN, "shop.yaml").plan)
    return [str(each) for each in caught.value.problems]


def test_a_file_of_tests_is_read_with_every_shorthand():
    loaded = parse_plan_tests(
        """\
plan: shop.yaml
tests:
  - name: slow
    start: 2026-01-05T09:00:00+09:00
    signals:
      latency: 900x30
      users:
        - {labels: {region: kr}, values: [5, 6], every: 1h, after: 30m}
        - {labels: {region: id}, values: 20}
    own_load: [{from: 5m, to: 10m}]
    expect:
      - {at: 30m, grade: recommended, due: none}
    timeline:
      split: [{at: 0s, grade: unknown}]
""",
        "shop.test.yaml",
    )
    (test,) = loaded.tests.tests
    require_known_names(loaded, parse_plan(PLAN, "shop.yaml").plan)
    assert len(test.signals["latency"][0].values) == 30
    assert [len(each.values) for each in test.signals["users"]] == [2, 1]
    assert str(loaded.place(0)) == "shop.test.yaml:3:5"
    assert str(test.length) == "30m"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("signals: {latency: 900y30}", 'shop.test.yaml:3:24 tests[0].signals.latency: "900y30" is no sample; '),
        ("signals: {latency: {values: fast}}", 'tests[0].signals.latency.values: "fast" is no sample'),
        ("signal: {latency: 1}", 'shop.test.yaml:3:5 tests[0].signal: unknown option; did you mean "signals"?'),
        ("start: 2026-01-05T09:00:00", "tests[0].start: a date needs its zone"),
        ("start: monday", "tests[0].start: write a date such as"),
        ("every: fast", "tests[0].every: "),
    ],
)
def test_a_mistake_is_told_at_its_place(written: str, says: str):
    text = f"tests:\n  - name: slow\n    {written}\n    expect: [{{at: 1m, grade: clear}}]\n"
    (found,) = problems(text)
    assert says in found


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{at: 1m, grade: recomended}", '"recomended" is not a grade'),
        ("{at: 1m}", "expects nothing"),
        ("{at: 1m, garde: clear}", 'garde: unknown option; did you mean "grade"?'),
        ("{grade: clear}", '"at" is missing'),
        ("{at: 1m, due: soon}", '"soon" is no time'),
        ("{at: 1m, due: 2026-01-05T00:00:00}", "a date needs its zone"),
        ("{at: 1m, conditions: {A: maybe}}", "'held', 'not held' or 'unknown'"),
    ],
)
def test_a_mistaken_expectation_is_told_at_its_place(written: str, says: str):
    (found,) = problems(f"tests:\n  - name: slow\n    expect:\n      - {written}\n")
    assert found.startswith("shop.test.yaml:4:")
    assert says in found


def test_names_must_lead_into_the_plan():
    found = problems(
        """\
tests:
  - name: names
    signals:
      latencie: 1
      users: 1
    expect:
      - {at: 1m, checkpoint: splitt, grade: clear}
      - {at: 1m, grade: urgent, conditions: {C: held}}
    timeline:
      merge: [{at: 0s, grade: clear}]
"""
    )
    assert [each.partition(" ")[2] for each in found] == [
        'tests[0].signals.latencie: no signal is called "latencie"; did you mean "latency"?',
        "tests[0].signals.users: its labels are region; write labels: {...} as the signal's `by`",
        'tests[0].expect[0].checkpoint: no checkpoint is called "splitt"; did you mean "split"?',
        'tests[0].expect[1].grade: no grade of split is called "urgent"; the plan has recommended, required',
        'tests[0].expect[1].conditions.C: no condition is called "C"; the plan has A, B',
        'tests[0].timeline.merge: no checkpoint is called "merge"; the plan has split',
    ]


@pytest.mark.parametrize("text", ["", "tests: []", "tests:\n  - {name: nothing}", "- 1", "tests: [", "plan: x"])
def test_a_file_without_a_single_expectation_is_refused(text: str):
    with pytest.raises(PlanError):
        parse_plan_tests(text, "shop.test.yaml")


def test_every_problem_is_told_at_once():
    found = problems(
        "plann: x\ntests:\n  - {name: a, every: 0s, expect: [{at: 1m, grade: x}, {at: y, grade: clear}]}\n"
    )
    assert len(found) == 4
