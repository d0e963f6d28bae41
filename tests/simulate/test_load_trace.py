"""A load test's own traffic, as a policy would have met it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.control.trace_file import TraceFile, read_trace
from outgrow.errors import UsageError
from outgrow.facts.loads import FlowLoad, Outcome
from outgrow.loadtest.results import read_results
from outgrow.report.load_json import load_text
from outgrow.simulate.load_trace import recording_of_load
from tests.loadtest.servers import OK, answering, load_of, serving
from tests.report.load_facts import a_run

STAGES = [{"jump": 50, "hold": "1s"}, {"jump": 200, "hold": "1s"}, {"jump": 20, "hold": "1s"}]
UTC = ZoneInfo("UTC")


async def test_a_kept_run_is_the_traffic_that_was_due_in_it(tmp_path: Path):
    async with serving(answering(OK)) as target:
        facts = await load_of(target, stages=STAGES)
    (tmp_path / "run.json").write_text(load_text(facts))

    found = read_trace(TraceFile(tmp_path / "run.json", UTC))

    assert found.trace.interval_seconds == 1
    assert found.trace.rates == pytest.approx((50, 200, 20), abs=20)  # a second of the run ends a little late
    assert found.trace.start == facts.started_at
    assert found.notes == ("the load test short: what was due",)


def test_a_target_that_stalls_does_not_seem_to_need_less():
    assert recording_of_load(a_run(rate=100, overload_from=30)).trace.rates == (100.0,) * 60


def test_the_trace_ends_where_the_course_did_while_the_last_answers_were_awaited_nothing_was_due():
    run = a_run(seconds=24, rate=30)
    late = tuple(second if second.at_seconds <= 20 else replace(second, due=0) for second in run.timeline)
    run = replace(run, timeline=late)

    assert recording_of_load(replace(run, planned_seconds=20.0)).trace.rates == (30.0,) * 20
    stopped = replace(run, planned_seconds=60.0, interrupted=True)
    assert recording_of_load(replace(stopped, stopped_at_seconds=20.0)).trace.rates == (30.0,) * 20
    assert recording_of_load(stopped).trace.rates == (30.0,) * 20


def test_an_arrival_of_several_requests_counts_as_them():
    run = a_run(rate=90, seconds=10)

    found = recording_of_load(replace(run, iterations=FlowLoad("", {Outcome.DONE: run.whole.arrivals // 3})))

    assert found.trace.rates == (270.0,) * 10
    assert found.notes[1] == "3 requests an arrival, on average"


def test_the_requests_of_another_generator_are_counted_once():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    points = [
        {
            "type": "Point",
            "metric": metric,
            "data": {"time": str(moment + timedelta(seconds=at)), "value": 0, "tags": {}},
        }
        for at in range(4)
        for metric in (*["http_req_duration"] * 3, "iteration_duration")
    ]

    facts = read_results({"run.json": "\n".join(map(json.dumps, points))}, "x")

    assert facts.iterations.arrivals == 4
    assert recording_of_load(facts).trace.rates == (3.0,) * 4


@given(st.lists(st.tuples(st.floats(0.1, 30), st.integers(0, 5000)), min_size=3, max_size=40))
def test_intervals_of_any_length_keep_what_was_due_in_whole_seconds(intervals):
    run, at = a_run(seconds=2, rate=10), 0.0
    timeline = []
    for length, due in intervals:
        at += length
        timeline.append(replace(run.timeline[0], at_seconds=at, due=due))
    if at < 2:
        return

    rates = recording_of_load(replace(run, timeline=tuple(timeline), seconds=at, planned_seconds=at)).trace.rates

    assert len(rates) == int(at)
    ended = sum(second.due for second in timeline if second.at_seconds <= int(at))
    assert ended - 1e-6 <= sum(rates) <= sum(due for _, due in intervals) + 1e-6
    assert min(rates) >= 0


def test_a_run_without_seconds_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="a run of 0 s; traffic to rehearse on has at least 2"):
        recording_of_load(replace(a_run(), timeline=()))
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match="no result of outgrow load"):
        read_trace(TraceFile(tmp_path / "run.json", UTC))
    with pytest.raises(UsageError, match="leave --columns and --values out"):
        read_trace(TraceFile(tmp_path / "run.json", UTC, columns=("a", "b")))
