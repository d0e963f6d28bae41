"""What other generators measured, read as facts: the figures agree with the tool's own, and broken files are told."""

import json
from dataclasses import astuple
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.facts.loads import Model, Outcome
from outgrow.loadtest.results import read_results
from outgrow.report.load_json import load_text, stored_load

RECORDED = Path(__file__).parent / "recorded"
START = 1_795_237_800.0


def point(metric: str, at: float, value: float, **tags) -> str:
    time = datetime.fromtimestamp(START + at, UTC).isoformat()
    return json.dumps({"type": "Point", "data": {"time": time, "value": value, "tags": tags}, "metric": metric})


def request(at: float, milliseconds: float, status: int = 200, **tags) -> str:
    tags = {"name": "farms", "url": "http://127.0.0.1/farms", "status": str(status)} | tags
    return point("http_req_duration", at + milliseconds / 1000, milliseconds, **tags)


def read_one(text: str):
    return read_results({"file": text}, "peak")


def test_the_two_files_of_a_locust_run_give_its_own_figures():
    # given files that Locust 2.47 wrote
    texts = {path.name: path.read_text() for path in RECORDED.glob("locust_*.csv")}

    facts = read_results(texts, "peak")

    assert (facts.generator, facts.model) == ("locust", Model.CLOSED)
    assert facts.whole.outcomes == {Outcome.DONE: 282, Outcome.UNEXPECTED: 103}
    assert facts.whole.response is not None
    assert facts.whole.response.p95_seconds == 0.016
    assert facts.whole.response.greatest_seconds == pytest.approx(0.0553, abs=1e-4)
    assert [(step.name, step.arrivals) for step in facts.steps] == [("/farms", 282), ("/missing", 103)]
    assert 4 <= facts.seconds <= 8


def test_one_of_the_two_locust_files_alone_says_that_both_are_needed():
    with pytest.raises(UsageError, match="give both files of one run"):
        read_one((RECORDED / "locust_stats.csv").read_text())


def test_points_of_k6_keep_every_request_with_its_second():
    lines = [
        json.dumps({"type": "Metric", "data": {"type": "trend"}, "metric": "http_req_duration"}),
        *(request(second, 100) for second in range(5)),
        request(2.5, 2000, 503),
        request(3.5, 10_000, 0, error_code="1050", expected_response="false"),
        request(4.0, 1, 0, error_code="1212", expected_response="false"),
        point("checks", 1, 1, check="is ok"),
        point("checks", 1, 0, check="is ok"),
        point("dropped_iterations", 2, 3),
    ]

    facts = read_one("\n".join(lines))

    assert facts.generator == "k6"
    assert facts.whole.outcomes == {
        Outcome.DONE: 5,
        Outcome.UNEXPECTED: 1,
        Outcome.TIMED_OUT: 1,
        Outcome.REFUSED: 1,
        Outcome.DROPPED: 3,
    }
    assert facts.whole.checks == {"is ok": (1, 1)}
    assert facts.whole.statuses == {200: 5, 503: 1}
    assert [second.due for second in facts.timeline[:6]] == [1, 1, 2 + 3, 2, 2, 0]
    assert [second.dropped for second in facts.timeline[:4]] == [0, 0, 3, 0]
    assert [second.failed for second in facts.timeline[:6]] == [0, 0, 0, 0, 2, 0]
    assert sum(second.done + second.failed for second in facts.timeline) == 8
    assert abs(facts.started_at.timestamp() - START) < 0.01


def test_every_second_of_imported_requests_adds_up_to_the_whole():
    facts = read_one("\n".join(request(index / 7, 10 + index % 90, 200 if index % 5 else 500) for index in range(300)))

    steps = [step for second in facts.timeline for step in second.steps.values()]
    assert sum(step.response.count for step in steps) == 300
    assert sum(sum(step.outcomes.values()) for step in steps) == facts.whole.arrivals == 300
    assert facts.timeline[-1].in_flight == 0


SUMMARY = {
    "metrics": {
        "http_reqs": {"count": 1200, "rate": 20},
        "http_req_failed": {"passes": 12, "fails": 1188, "value": 0.01},
        "http_req_duration": {
            "avg": 50,
            "min": 1,
            "med": 40,
            "p(90)": 80,
            "p(95)": 90,
            "p(99)": 120,
            "max": 300,
        },
        "dropped_iterations": {"count": 7, "rate": 0.1},
    }
}


def test_a_summary_of_k6_gives_percentiles_and_failures_but_no_seconds():
    facts = read_one(json.dumps(SUMMARY))

    assert facts.whole.outcomes == {Outcome.DONE: 1188, Outcome.UNEXPECTED: 12, Outcome.DROPPED: 7}
    assert facts.whole.response is not None
    assert (facts.whole.response.p50_seconds, facts.whole.response.p99_seconds) == (0.04, 0.12)
    assert facts.seconds == 60
    assert facts.timeline == ()


def test_what_handle_summary_is_given_reads_the_same():
    nested = {name: {"type": "trend", "values": figures} for name, figures in SUMMARY["metrics"].items()}

    assert read_one(json.dumps({"metrics": nested})).whole == read_one(json.dumps(SUMMARY)).whole


def test_a_summary_that_says_nothing_of_failures_is_not_read_as_one_without_any():
    metrics = {name: figures for name, figures in SUMMARY["metrics"].items() if name != "http_req_failed"}

    with pytest.raises(UsageError, match="does not say how many requests failed"):
        read_one(json.dumps({"metrics": metrics}))


def test_a_summary_without_the_99th_percentile_says_how_to_have_it_written():
    metrics = dict(SUMMARY["metrics"])
    metrics["http_req_duration"] = {"avg": 50, "min": 1, "med": 40, "p(90)": 80, "p(95)": 90, "max": 300}

    with pytest.raises(UsageError, match=r"no p\(99\); run k6 with --summary-trend-stats"):
        read_one(json.dumps({"metrics": metrics}))


def vegeta_line(sequence: int, code: int, error: str = "") -> str:
    timestamp = (
        datetime.fromtimestamp(START + sequence / 10, UTC).isoformat(timespec="microseconds").replace("+00:00", "123Z")
    )
    found = {"attack": "", "seq": sequence, "code": code, "timestamp": timestamp, "latency": 5_000_000}
    return json.dumps({**found, "error": error, "method": "GET", "url": "http://127.0.0.1/farms"})


def test_results_of_vegeta_are_an_open_model_with_each_fault_told_apart():
    lines = [vegeta_line(0, 200), vegeta_line(1, 500, "500 Internal Server Error")]
    lines += [vegeta_line(2, 0, "dial tcp 127.0.0.1:1: connect: connection refused"), vegeta_line(3, 0, "EOF")]

    facts = read_one("\n".join(lines))

    assert (facts.generator, facts.model) == ("vegeta", Model.OPEN)
    assert facts.whole.outcomes == {
        Outcome.DONE: 1,
        Outcome.UNEXPECTED: 1,
        Outcome.REFUSED: 1,
        Outcome.CUT_OFF: 1,
    }


def test_vegetas_csv_reads_like_its_json():
    rows = [
        f"{int((START + each / 10) * 1e9)},200,5000000,0,2,,b2s=,,{each},GET,http://127.0.0.1/,X" for each in range(4)
    ]

    facts = read_one("\n".join(rows))

    assert facts.whole.outcomes == {Outcome.DONE: 4}
    assert facts.whole.response is not None
    assert facts.whole.response.p50_seconds == pytest.approx(0.005, rel=0.01)


def test_a_row_of_vegeta_may_hold_a_large_body():
    row = f"1577836800000000000,200,1000000,0,150000,,{'eHh4' * 50_000},att,0,GET,http://a/,\n"

    assert read_one(row * 3).whole.outcomes == {Outcome.DONE: 3}


@pytest.mark.parametrize("text", ["one\rtwo,three", f'{{"a": "{"x" * 200_000}"}}'])
def test_a_file_that_is_no_csv_either_is_told_with_what_is_known(text):
    with pytest.raises(UsageError, match="no result that is known"):
        read_one(text)


@pytest.mark.parametrize("sign", ["\x85", "\u2028"])
def test_a_line_of_json_ends_only_where_json_lines_do(sign):
    line = json.dumps(changed(K6_POINT, ("data", "tags", "name"), f"a{sign}b"), ensure_ascii=False)

    (step,) = read_one(line + "\r\n" + line).steps

    assert step.name == f"a{sign}b"


def test_a_report_of_vegeta_gives_its_percentiles():
    times = {"total": 1, "mean": 5e6, "50th": 4e6, "90th": 8e6, "95th": 9e6, "99th": 12e6, "max": 30e6, "min": 1e6}
    report = {"latencies": times, "earliest": "2026-11-21T05:00:00.123456789Z", "requests": 100, "success": 0.97}

    facts = read_one(json.dumps({**report, "duration": 10e9, "wait": 1e9}))

    assert facts.whole.outcomes == {Outcome.DONE: 97, Outcome.UNEXPECTED: 3}
    assert facts.seconds == 11


@pytest.mark.parametrize("text", ["", "hello", "{}", "[1, 2]", "a,b\n1,2", '{"type": "Point"}'])
def test_a_file_that_no_known_tool_writes_is_told_with_what_is_known(text):
    with pytest.raises(UsageError, match="no result that is known; give one of k6 --out json"):
        read_one(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (request(0, 1) + "\n{broken", "file:2: is no line of k6"),
        (point("vus", 0, 1), "no http_req_duration"),
        (vegeta_line(0, 200) + "\nnonsense", "file:2: is no line of vegeta"),
        ('{"latencies": {}, "earliest": "x", "requests": 3}', "the report has no"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text, told):
    with pytest.raises(UsageError, match=told):
        read_one(text)


K6_POINT = {
    "type": "Point",
    "metric": "http_req_duration",
    "data": {"time": "2026-01-01T00:00:00Z", "value": 12.5, "tags": {"status": "200", "name": "a"}},
}
K6_SUMMARY = {
    "metrics": {
        "http_req_duration": dict.fromkeys(("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"), 2.0),
        "http_reqs": {"count": 5, "rate": 1},
        "http_req_failed": {"passes": 0, "fails": 5, "value": 0},
    }
}
VEGETA_REPORT = {
    "latencies": dict.fromkeys(("total", "mean", "50th", "90th", "95th", "99th", "max", "min"), 1e6),
    "earliest": "2026-01-01T00:00:00Z",
    "duration": 1e9,
    "wait": 1e6,
    "requests": 5,
    "success": 1,
}
ODD = st.sampled_from(
    [float("nan"), float("inf"), -float("inf"), -1, -1e18, 1e300, None, [], {}, "", "x", True, "\ud800"]
)


def places_in(document, path=()):
    """Name every place of a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield (*path, key)
            yield from places_in(value, (*path, key))


def changed(document, path, value):
    """Give a document with another value at a place."""
    return {**document, path[0]: changed(document[path[0]], path[1:], value) if path[1:] else value}


@given(st.sampled_from([K6_POINT, K6_SUMMARY, VEGETA_REPORT]), st.data(), ODD)
def test_a_damaged_figure_is_refused_or_read_as_a_figure_and_nothing_else(document, data, odd):
    place = data.draw(st.sampled_from(list(places_in(document))))
    try:
        facts = read_results({"run.json": json.dumps(changed(document, place, odd))}, "x")
    except UsageError:
        return

    times = facts.whole.response
    assert times is None or all(isfinite(each) and each >= 0 for each in astuple(times))
    assert all(count >= 0 for count in facts.whole.outcomes.values())
    load_text(facts)


@given(st.integers(0, 2000), st.sampled_from([json.dumps(K6_SUMMARY), json.dumps(VEGETA_REPORT)]))
def test_a_result_that_was_cut_off_is_refused(length, text):
    if length < len(text):
        with pytest.raises(UsageError):
            read_results({"run.json": text[:length] or " "}, "x")


def test_names_without_end_are_counted_together():
    points = [changed(K6_POINT, ("data", "tags", "name"), f"http://x/{number // 2}") for number in range(1000)]

    facts = read_results({"run.json": "\n".join(map(json.dumps, points))}, "x")

    assert len(facts.steps) == 201
    assert facts.whole.outcomes == {Outcome.DONE: 1000}
    assert sum(step.outcomes[Outcome.DONE] for step in facts.steps) == 1000
    assert "other requests" in {step.name for step in facts.steps}


def test_requests_of_different_years_are_no_run():
    points = [changed(K6_POINT, ("data", "time"), f"20{year}-01-01T00:00:00Z") for year in (20, 26)]

    with pytest.raises(UsageError, match="lie 2,192 days apart"):
        read_results({"run.json": "\n".join(map(json.dumps, points))}, "x")


def test_a_stored_run_with_a_figure_that_is_none_is_refused(tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"schema": "outgrow.load/1", "seconds": NaN}')

    with pytest.raises(UsageError, match="NaN is no number of JSON"):
        stored_load(file)
