"""A load test as files for other tools: CSV for tables, JUnit for pipelines."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from outgrow.facts.buckets import Buckets
from outgrow.facts.loads import FAILURES, LoadFacts, Outcome
from outgrow.facts.proofs import ThresholdVerdict
from outgrow.report.load_words import threshold_limit, threshold_value

_SECOND: Final = (
    "at_seconds", "due", "started", "done", "failed", "dropped", "in_flight", "vus", "connections", "cpu_share",
    "p50_seconds", "p95_seconds", "greatest_seconds", "length_seconds",
)  # fmt: skip
_VALUES: Final = ("count", "sum", "least", "p50", "p95", "p99", "greatest")
_STEP_TIMES: Final = ("p50", "p95", "p99", "greatest")
_TIMES: Final = ("mean", "p50", "p90", "p95", "p99", "greatest")


def seconds_csv(facts: LoadFacts) -> str:
    """Give the run second by second, a row each."""
    rows = ([getattr(second, name) for name in _SECOND] for second in facts.timeline)
    return _csv(_SECOND, rows)


def csv_files(facts: LoadFacts) -> Mapping[str, str]:
    """Give every table of a run by the name of its file."""
    return {
        "seconds.csv": seconds_csv(facts),
        "steps.csv": _csv(("step", "requests", *Outcome, *(f"{each}_seconds" for each in _TIMES)), _steps(facts)),
        "step-seconds.csv": _csv(
            ("at_seconds", "step", "done", "failed", *(f"{each}_seconds" for each in (*_STEP_TIMES, "length"))),
            _step_seconds(facts),
        ),
        "trends.csv": _csv(("step", "trend", *_VALUES), _trends(facts)),
        "trend-seconds.csv": _csv(("at_seconds", "step", "trend", *_VALUES, "length_seconds"), _trend_seconds(facts)),
        "resources.csv": _csv(
            ("at_seconds", "resource", "unit", "value"),
            (
                (point.at_seconds, name, resource.unit, point.value)
                for name, resource in facts.resources.items()
                for point in resource.points
            ),
        ),
    }


def _steps(facts: LoadFacts) -> Iterator[Sequence[object]]:
    for step in facts.steps:
        times = [None if step.response is None else getattr(step.response, f"{each}_seconds") for each in _TIMES]
        yield [step.name, step.arrivals, *(step.outcomes.get(outcome, 0) for outcome in Outcome), *times]


def _step_seconds(facts: LoadFacts) -> Iterator[Sequence[object]]:
    for second in facts.timeline:
        for name, step in second.steps.items():
            failed = sum(count for outcome, count in step.outcomes.items() if outcome in FAILURES)
            times = [step.response.quantile(share) for share in (0.5, 0.95, 0.99, 1)]
            done = step.outcomes.get(Outcome.DONE, 0)
            yield [second.at_seconds, name, done, failed, *times, second.length_seconds]


def _trends(facts: LoadFacts) -> Iterator[Sequence[object]]:
    for step in facts.steps:
        for name, found in step.trends.items():
            yield [step.name, name, *_values(found)]


def _trend_seconds(facts: LoadFacts) -> Iterator[Sequence[object]]:
    for second in facts.timeline:
        for step, each in second.steps.items():
            for name, found in each.trends.items():
                yield [second.at_seconds, step, name, *_values(found), second.length_seconds]


def _values(found: Buckets) -> Sequence[object]:
    return [found.count, found.total_seconds, *(found.quantile(share) for share in (0, 0.5, 0.95, 0.99, 1))]


def _csv(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    into = StringIO(newline="")
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return into.getvalue()


def junit(facts: LoadFacts) -> str:
    """Give a run as JUnit XML: a case for each threshold and check, for answers at all, and for the generator's health.

    A generator that was too weak is an error, not a failure: it says nothing of the target.
    """
    cases = [*_cases(facts)]
    suite = Element(
        "testsuite",
        name=f"outgrow load {_printable(facts.scenario)}",
        tests=str(len(cases)),
        failures=str(sum(kind == "failure" for _, _, kind, _ in cases)),
        errors=str(sum(kind == "error" for _, _, kind, _ in cases)),
        skipped="0",
        time=f"{facts.seconds:.3f}",
        timestamp=facts.started_at.isoformat(),
    )
    for group, name, kind, says in cases:
        case = SubElement(suite, "testcase", classname=group, name=name, time="0")
        if kind:
            SubElement(case, kind, message=_printable(says), type=kind)
    whole = Element("testsuites")
    whole.append(suite)
    return tostring(whole, encoding="unicode", xml_declaration=True) + "\n"


def _cases(facts: LoadFacts) -> Iterator[tuple[str, str, str, str]]:
    """Give each case: its group, its name, `failure`, `error` or nothing, and why."""
    scenario = _printable(facts.scenario)
    weak = "; ".join(facts.health.too_weak)
    if not facts.generator:  # another one does not say
        yield scenario, "the generator kept its schedule", "error" if weak else "", weak
    silent = "failure" if facts.is_silent else ""
    yield scenario, "the target answered", silent, f"nothing was answered by {facts.target or 'the target'}"
    for each in facts.thresholds:
        kind = "" if each.verdict is ThresholdVerdict.PASSED else "failure"
        says = each.why or f"{threshold_value(each)}, not {threshold_limit(each)}"
        yield f"{scenario}.thresholds", _printable(each.text), kind, f"{each.verdict}: {says}"
    for step in facts.steps:
        for title, (passed, failed) in step.checks.items():
            says = f"failed {failed:,} of {passed + failed:,} times"
            yield f"{scenario}.{_printable(step.name)}", _printable(title), "failure" if failed else "", says


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(each if each.isprintable() else " " for each in text)
