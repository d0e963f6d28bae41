from datetime import timedelta
from xml.etree import ElementTree as ET

import yaml

from outgrow.decide.follow import Answer
from outgrow.decide.plan_tests import CheckpointCoverage, Mismatch, Shown, TestReport, TestResult
from outgrow.errors import Place
from outgrow.plan.grades import Grade
from outgrow.report.plan_tests import junit_xml, tap, uncovered

HOUR = timedelta(hours=1)
FAILED = TestResult(
    name='slow <answers> & "busy" AI # 느림\x07',
    place=Place("shop.test.yaml", 3, 5),
    looked_at=2,
    mismatches=(
        Mismatch(HOUR, "split", "grade", "required", "recommended", "C has no data"),
        Mismatch(HOUR, "split", "due", "14d", "it's none"),
    ),
    timelines={"split": (Shown(timedelta(0), None), Shown(HOUR, Grade.RECOMMENDED))},
)
PASSED = TestResult("quick", Place("shop.test.yaml", 9, 5), 1, (), {})
REPORT = TestReport(
    (PASSED, FAILED),
    {
        "split": CheckpointCoverage(
            {"A": frozenset(Answer), "C": frozenset({Answer.YES})},
            frozenset({None, Grade.RECOMMENDED}),
            (None, Grade.CLEAR, Grade.RECOMMENDED),
        )
    },
)


def test_junit_counts_tests_and_holds_every_mismatch():
    root = ET.fromstring(junit_xml(REPORT, "shop.test.yaml", timedelta(seconds=1.5)))
    (suite,) = root
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "time")} == {
        "name": "shop.test.yaml",
        "tests": "2",
        "failures": "1",
        "time": "1.500",
    }
    quick, slow = suite
    assert (quick.get("name"), list(quick)) == ("quick", [])
    assert slow.get("name") == 'slow <answers> & "busy" AI # 느림'
    (failure,) = slow
    assert failure.get("message") == "1h split grade: expected required, found recommended (C has no data)"
    assert (failure.text or "").splitlines() == [
        "shop.test.yaml:3:5",
        "1h split grade: expected required, found recommended (C has no data)",
        "1h split due: expected 14d, found it's none",
        "split: 0s unknown, 1h recommended",
    ]


def test_tap_has_a_plan_a_line_per_test_and_readable_diagnostics():
    lines = tap(REPORT).splitlines()
    assert lines[:3] == ["TAP version 14", "1..2", "ok 1 - quick"]
    assert lines[3].startswith('not ok 2 - slow <answers> & "busy" AI \\# 느림')
    diagnostics = yaml.safe_load("\n".join(line[2:] for line in lines[5:-1]))
    assert diagnostics == {
        "at": "shop.test.yaml:3:5",
        "mismatches": [
            "1h split grade: expected required, found recommended (C has no data)",
            "1h split due: expected 14d, found it's none",
        ],
    }
    assert lines[-1] == "  ..."


def test_what_no_test_has_shown_is_told():
    assert list(uncovered(REPORT)) == ["split: C was never not held or unknown; never clear"]
