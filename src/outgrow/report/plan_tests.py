"""The results of a plan's tests as other tools read them: JUnit XML and the Test Anything Protocol."""

from collections.abc import Iterator
from datetime import timedelta
from xml.etree import ElementTree as ET

from outgrow.decide.plan_tests import Mismatch, Shown, TestReport, TestResult
from outgrow.plan.grades import Grade
from outgrow.quantity import format_duration


def mismatch_text(mismatch: Mismatch) -> str:
    """Word a mismatch: `1h split grade: expected required, found recommended (C has no data)`."""
    why = f" ({mismatch.why})" if mismatch.why else ""
    where = f"{format_duration(mismatch.at)} {mismatch.checkpoint} {mismatch.what}"
    return f"{where}: expected {mismatch.expected}, found {mismatch.found}{why}"


def timeline_text(shown: tuple[Shown, ...]) -> str:
    """Show a checkpoint's grades over a test: `0s unknown, 30m recommended`."""
    return ", ".join(f"{format_duration(each.at)} {_word(each.grade)}" for each in shown)


def junit_xml(report: TestReport, file: str, took: timedelta = timedelta(0)) -> str:
    """Give the results as JUnit XML: one suite for the file, one case per test.

    Args:
        report: of the file.
        file: its name, which names the suite.
        took: how long the tests ran.
    """
    failures = sum(not each.passed for each in report.results)
    counts = {"tests": str(len(report.results)), "failures": str(failures), "errors": "0", "skipped": "0"}
    seconds = f"{took.total_seconds():.3f}"
    root = ET.Element("testsuites", {"name": "outgrow test", **counts, "time": seconds})
    suite = ET.SubElement(root, "testsuite", {"name": file, **counts, "time": seconds})
    for result in report.results:
        place = {"file": result.place.file, "line": str(result.place.line)}
        case = ET.SubElement(suite, "testcase", {"classname": file, "name": _xml(result.name), **place})
        if not result.passed:
            first = result.mismatches[0]
            attributes = {"message": _xml(mismatch_text(first)), "type": "mismatch"}
            failure = ET.SubElement(case, "failure", attributes)
            failure.text = _xml("\n".join(_details(result)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def tap(report: TestReport) -> str:
    """Give the results in the Test Anything Protocol, version 14."""
    lines = ["TAP version 14", f"1..{len(report.results)}"]
    for number, result in enumerate(report.results, 1):
        # In a description "#" would begin a directive.
        name = " ".join(result.name.replace("\\", "\\\\").replace("#", "\\#").split())
        lines.append(f"{'ok' if result.passed else 'not ok'} {number} - {name}")
        if not result.passed:
            lines += ["  ---", f"  at: {_quoted(str(result.place))}", "  mismatches:"]
            lines += [f"    - {_quoted(mismatch_text(each))}" for each in result.mismatches]
            lines += ["  ..."]
    return "\n".join(lines) + "\n"


def uncovered(report: TestReport) -> Iterator[str]:
    """Word what no test has shown: `split: C was never unknown; never required`."""
    words = ("not held", "unknown", "held")
    for name, coverage in report.coverage.items():
        parts = list[str]()
        for condition, seen in coverage.conditions.items():
            never = [word for answer, word in enumerate(words) if answer not in seen]
            if never:
                parts.append(f"{condition} was never {' or '.join(never)}")
        grades = [_word(grade) for grade in coverage.all_grades if grade not in coverage.grades]
        if grades:
            parts.append(f"never {' or '.join(grades)}")
        if parts:
            yield f"{name}: {'; '.join(parts)}"


def _word(grade: Grade | None) -> str:
    return "unknown" if grade is None else grade.word


def _details(result: TestResult) -> Iterator[str]:
    yield str(result.place)
    yield from map(mismatch_text, result.mismatches)
    for checkpoint, shown in result.timelines.items():
        yield f"{checkpoint}: {timeline_text(shown)}"


def _quoted(text: str) -> str:
    """Write a text as YAML that no character of it can break out of."""
    return "'" + " ".join(text.split()).replace("'", "''") + "'"


def _xml(text: str) -> str:
    """Leave out control characters, which XML cannot hold."""
    return "".join(each for each in text if each in "\n\t" or each.isprintable())
