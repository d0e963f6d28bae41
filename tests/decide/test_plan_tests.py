import pytest

from outgrow.decide.follow import Answer
from outgrow.decide.plan_tests import TestReport, run_plan_tests
from outgrow.plan.file import parse_plan
from outgrow.plan.grades import Grade
from outgrow.plan.tests import parse_plan_tests
from outgrow.plan.tests_references import require_known_names
from outgrow.report.plan_tests import mismatch_text

PLAN = """\
outgrow: 1
name: shop
sources:
  db: {kind: postgres, url: "postgresql://localhost/shop"}
signals:
  latency: {source: db, unit: ms, query: SELECT 1}
  timeouts: {source: db, unit: timeouts, every: 5m, query: SELECT 1}
  requests: {source: db, unit: requests, every: 5m, query: SELECT 1}
  timeout-share: {ratio: [timeouts, requests], unit: ratio, every: 5m}
checkpoints:
  split:
    conditions:
      A: {signal: latency, above: 800 ms, for: 30m, clears_below: 700 ms}
      C: {signal: timeout-share, above: 1 %, min_n: 300}
    verdicts:
      recommended: {all: [A], due: 14d, review: 7d}
      required: {all: [A, C], due: now, deadlines: {meeting: 24h}}
"""


def run(text: str) -> TestReport:
    plan = parse_plan(PLAN, "shop.yaml").plan
    loaded = parse_plan_tests(text, "shop.test.yaml")
    require_known_names(loaded, plan)
    return run_plan_tests(plan, loaded)


def mismatches(expectation: str, signals: str = "{latency: 500x30 900x31}") -> list[str]:
    report = run(f"tests:\n  - {{name: slow, signals: {signals}, expect: [{expectation}]}}\n")
    return [mismatch_text(each) for result in report.results for each in result.mismatches]


def test_a_story_that_comes_out_as_written_passes():
    report = run(
        """\
tests:
  - name: slow answers, then many time-outs
    signals:
      latency: 500x30 900x60
      timeouts: 0@400x12 20@400x6
      requests: 1000@400x18
    expect:
      - {at: 29m, grade: clear, conditions: {A: not held, C: not held}, due: none, review: none, deadlines: {}}
      - {at: 59m, grade: clear}
      - {at: 1h, grade: required, undecided: [], due: now, deadlines: {meeting: 25h}}
      - {at: 1h, rules: {recommended: held, required: held}, conditions: {A: held, C: held}}
      - {at: 1h, review: 7d1h}
    timeline:
      split:
        - {at: 0s, grade: unknown}
        - {at: 1m, grade: clear}
        - {at: 1h, grade: required}
"""
    )
    assert [mismatch_text(each) for each in report.results[0].mismatches] == [
        "0s split timeline: expected 0s unknown, 1m clear, 1h required, found 0s clear, 1h required"
    ]
    assert not report.passed
    assert report.results[0].looked_at == 18


def test_a_passing_file_passes():
    report = run(
        """\
tests:
  - name: slow
    signals: {latency: 500x30 900x31}
    expect: [{at: 1h, checkpoint: split, grade: recommended, undecided: [required], due: 14d1h}]
    timeline: {split: [{at: 0s, grade: clear}, {at: 1h, grade: recommended}]}
"""
    )
    assert report.passed
    assert report.results[0].passed
    assert [(each.at.total_seconds(), each.grade) for each in report.results[0].timelines["split"]] == [
        (0, Grade.CLEAR),
        (3600, Grade.RECOMMENDED),
    ]


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        (
            "{at: 1h, grade: required}",
            "1h split grade: expected required, found recommended (A held, C unknown; required unknown: C has no data)",
        ),
        ("{at: 1h, undecided: []}", "1h split undecided: expected none, found required"),
        (
            "{at: 59m, conditions: {A: held}}",
            "59m split condition A: expected held, found not held (satisfied for 29m)",
        ),
        ("{at: 59m, conditions: {C: held}}", "59m split condition C: expected held, found unknown (no data)"),
        ("{at: 1h, due: 14d}", "1h split due: expected 14d, found 14d1h"),
        ("{at: 1h, due: now}", "1h split due: expected now, found 14d1h"),
        ("{at: 59m, due: now}", "59m split due: expected now, found none"),
        ("{at: 1h, due: '2026-01-19T10:00:00+09:00'}", ""),
        (
            "{at: 1h, due: '2026-01-20T10:00:00+09:00'}",
            "1h split due: expected 2026-01-20T10:00:00+09:00, found 2026-01-19T10:00:00+09:00",
        ),
        ("{at: 1h, rules: {required: held}}", "1h split rule required: expected held, found unknown (C has no data)"),
        ("{at: 1h, deadlines: {meeting: 1h}}", "1h split deadline meeting: expected 1h, found none"),
        ("{at: 1h, review: 8d}", "1h split review: expected 8d, found 7d1h"),
        ("{at: 1h, grade: recommended}", ""),
    ],
)
def test_a_mismatch_says_what_was_expected_what_was_found_and_why(expectation: str, says: str):
    assert mismatches(expectation) == ([says] if says else [])


def test_missing_data_latches_a_grade():
    found = mismatches(
        "{at: 70m, grade: recommended, rules: {recommended: latched}, conditions: {A: unknown}}",
        "{latency: 900x61 _x5 nan failed null}",
    )
    assert found == []


def test_own_load_does_not_count():
    report = run(
        """\
tests:
  - name: a load test is slow
    signals: {latency: 500x30 900x60 500x10}
    own_load: [{from: 30m, to: 90m}]
    expect: [{at: 89m, grade: clear}, {at: 99m, grade: clear, conditions: {A: not held}}]
"""
    )
    assert report.passed


def test_rows_behind_a_value_count_against_min_n():
    few = "{latency: 900x61, timeouts: 20@299x13, requests: 1000@400x13}"
    enough = "{latency: 900x61, timeouts: 20@300x13, requests: 1000@400x13}"
    assert mismatches("{at: 1h, conditions: {C: unknown}}", few) == []
    assert mismatches("{at: 1h, conditions: {C: held}}", enough) == []


def test_coverage_tells_which_answers_and_grades_were_seen():
    report = run(
        """\
tests:
  - name: slow
    signals: {latency: 500x30 900x31}
    expect: [{at: 59m, grade: clear}, {at: 1h, grade: recommended}]
"""
    )
    found = report.coverage["split"]
    assert found.conditions == {"A": {Answer.NO, Answer.YES}, "C": {Answer.UNKNOWN}}
    assert found.grades == {Grade.CLEAR, Grade.RECOMMENDED}
    assert (found.seen, found.possible) == (5, 10)


def test_a_test_may_judge_more_seldom_than_every_minute():
    report = run(
        """\
tests:
  - name: once an hour
    every: 1h
    until: 3h
    signals: {latency: 500x30 900x151}
    timeline: {split: [{at: 0s, grade: clear}, {at: 1h, grade: recommended}]}
"""
    )
    assert report.passed
