"""Thresholds of load tests: whole run and windows, silence, ends, signals of the target."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.gates import Gate, gates_of
from outgrow.decide.thresholds import Watch, judged
from outgrow.facts.buckets import together
from outgrow.facts.loads import (
    FlowLoad,
    FlowSecond,
    LoadSecond,
    Model,
    Outcome,
    Resource,
    ResourcePoint,
    StepLoad,
    StepSecond,
)
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.loadtest.results import read_results
from outgrow.plan.file import parse_plan
from outgrow.plan.load_thresholds import read_threshold
from outgrow.plan.scenarios import Scenario
from tests.decide.given_loads import buckets, run_of, second, seconds_of

PASSED, FAILED, NO_DATA = ThresholdVerdict.PASSED, ThresholdVerdict.FAILED, ThresholdVerdict.NO_DATA


def gates(thresholds: dict[str, Any]) -> tuple[Gate, ...]:
    text = """
outgrow: 1
name: shop
sources: {web: {kind: http, url: "http://127.0.0.1"}}
signals: {cpu-share: {source: web, unit: percent, read: {metric: json, json_path: $.cpu}}}
levels: {api-cpu: {signal: cpu-share, target: 50 %, warning: 70 %, danger: 85 %}}
targets: {p95: 500 ms, errors: 1 %, cpu: {signal: cpu-share, below: 70 %}, rps: {peak: 100}, concurrent_users: 10}
"""
    scenario = Scenario.model_validate(
        {
            "target": "http://127.0.0.1",
            "target_rps": 1,
            "duration": "1s",
            "steps": [{"name": "one"}],
            "thresholds": thresholds,
        }
    )
    return gates_of(parse_plan(text, "plan.yaml").plan, scenario.thresholds)


def result(key: str, threshold: Any, timeline: Sequence[LoadSecond], **more: Any) -> ThresholdResult:
    return judged(gates({key: threshold}), run_of(timeline, more.get("resources")), more.get("users", 5))[0]


@pytest.mark.parametrize(
    ("key", "threshold", "verdict"),
    [
        ("http_req_duration", "p(95)<500", FAILED),
        ("http_req_duration", "p(50)<500", PASSED),
        ("http_req_duration", "max<=1000", PASSED),
        ("http_req_duration{step:one}", "min<150 ms", PASSED),
        ("http_req_duration{step:other}", "avg<150 ms", NO_DATA),
        ("p95", "target", FAILED),
        ("http_req_failed", "rate<0.05", FAILED),
        ("errors", "20 %", PASSED),
        ("availability", "99 %", FAILED),
        ("http_reqs", "count==11", PASSED),
        ("http_reqs{status:200}", "count>=10", PASSED),
        ("http_reqs{expected_response:false}", "count<1", FAILED),
        ("dropped_iterations", "count==0", PASSED),
        ("checks", "rate>0.9", NO_DATA),
        ("iterations", "rate>5", PASSED),
    ],
)
def test_a_run_is_judged_by_what_its_threshold_asks(key: str, threshold: str, verdict: ThresholdVerdict):
    timeline = seconds_of([0.1] * 8, [1.0, 1.0], failed=[0, 1])

    assert result(key, threshold, timeline).verdict is verdict


@pytest.mark.parametrize(("method", "rank"), [("med", 2), ("p(75)", 3), ("p(76)", 4), ("p(0)", 1), ("p(100)", 4)])
def test_a_percentile_is_the_time_that_so_many_do_not_exceed(method: str, rank: int):
    found = result("http_req_duration", f"{method}<1 s", seconds_of([0.1, 0.2, 0.3, 0.4]))

    assert found.value == pytest.approx(rank / 10, rel=0.01)


def test_a_percentile_written_with_decimals_does_not_ask_for_the_next_rank():
    found = result("http_req_duration", "p(99.9)<1 s", seconds_of([0.1] * 999 + [0.5]))

    assert found.value == pytest.approx(0.1, rel=0.01)


def test_a_bad_window_fails_a_run_that_is_good_as_a_whole():
    timeline = seconds_of(*[[0.1] * 50] * 30, [2.0] * 5, [2.0] * 5, *[[0.1] * 50] * 30)

    whole, window = (
        result("http_req_duration", each, timeline) for each in ("p(95)<500", {"threshold": "p(95)<500", "over": "2s"})
    )

    assert whole.verdict is PASSED
    assert (window.verdict, window.first_failed_seconds, window.window_seconds) == (FAILED, 31.0, 2.0)
    assert window.value == pytest.approx(2.0, rel=0.01)


def test_a_window_in_which_something_was_asked_and_nothing_measured_is_not_passed():
    timeline = [
        *seconds_of([0.1], [0.1]),
        second(3.0, due=1, in_flight=1),
        second(4.0, in_flight=1),
        second(5.0, [0.1]),
    ]

    found = result("http_req_duration", {"threshold": "p(95)<500", "over": "1s"}, timeline)

    assert found.verdict is NO_DATA
    assert found.why == "nothing was measured from 2 s to 3 s"


def test_a_run_shorter_than_its_window_is_not_passed():
    found = result("http_req_duration", {"threshold": "p(95)<500", "over": "30s"}, seconds_of([0.1], [0.1]))

    assert (found.verdict, found.why) == (NO_DATA, "the run took 2 s, its window is 30 s")


def test_a_figure_with_a_window_needs_no_quotes():
    found = result("rps", {"threshold": 4, "over": "2s"}, seconds_of([0.1] * 4, [0.1] * 5))

    assert (found.verdict, found.window_seconds) == (PASSED, 2)


def test_a_rate_is_reached_where_it_was_held_though_a_ramp_came_before():
    timeline = seconds_of([0.1] * 5, [0.1] * 10, [0.1] * 20, [0.1] * 20, [0.1] * 19, [0.1] * 20)

    assert result("rps", 20, timeline).verdict is PASSED
    assert result("rps", 21, timeline).verdict is FAILED
    assert result("http_reqs", "rate>=20", timeline).verdict is FAILED


def test_a_broken_threshold_ends_the_run_only_after_its_delay():
    watch = Watch(gates({"errors": {"threshold": "10 %", "abortOnFail": True, "delayAbortEval": "3s"}}), {})

    ends = [watch.told(second(at, [0.1], failed=1)) for at in (1.0, 2.0, 3.0, 4.0)]

    assert ends == [False, False, False, True]
    assert watch.ended_by == "errors < 10 %"


def test_a_threshold_that_ended_the_run_has_failed_whatever_came_after():
    found = gates({"errors": {"threshold": "60 %", "abortOnFail": True}})
    facts = replace(run_of([second(1.0, [0.1])]), ended_by=found[0].text)

    assert judged(found, facts, 1)[0].verdict is FAILED


def readings(*values: float | None) -> dict[str, Resource]:
    points = tuple(ResourcePoint(float(index), value) for index, value in enumerate(values))
    return {"cpu-share": Resource("cpu-share", "percent", points)}


@pytest.mark.parametrize(
    ("key", "threshold", "verdict"),
    [
        ("cpu", "target", PASSED),
        ("cpu", "50 %", FAILED),
        ("level", {"api-cpu": "warning"}, PASSED),
        ("level", "api-cpu", FAILED),
        ("cpu-share", "max<danger", PASSED),
        ("cpu-share", "avg<55 %", PASSED),
    ],
)
def test_signals_of_the_target_are_judged_by_figures_and_by_names(key: str, threshold: Any, verdict: ThresholdVerdict):
    assert result(key, threshold, [], resources=readings(40, 50, None, 60)).verdict is verdict


def test_a_signal_that_was_not_read_often_enough_is_not_passed():
    assert result("cpu", "target", [], resources=readings(10, 10, None)).verdict is NO_DATA
    assert result("cpu", "target", []).why == "cpu-share was not watched"


@pytest.mark.parametrize(
    ("moments", "why"),
    [
        ((0, 2, 4, 6), "nothing was read from 6 s to 60 s"),
        ((0, 2, 4, 30, *range(32, 61, 2)), "nothing was read from 4 s to 30 s"),
        ((40, 42, 44, 46, 48, 50, 52, 54, 56, 58), "nothing was read from 0 s to 40 s"),
        (range(0, 60, 2), ""),
        ((0, 20, 40), ""),
        ((0, 2, 4, *range(10, 60, 2)), ""),
    ],
)
def test_a_signal_that_could_not_be_read_under_load_is_not_passed_by_what_it_said_before(moments, why: str):
    points = tuple(ResourcePoint(float(at), 10.0) for at in moments)
    timeline = [second(index + 1.0, [0.1]) for index in range(60)]

    found = result("cpu", "target", timeline, resources={"cpu-share": Resource("cpu-share", "percent", points)})

    assert (found.verdict, found.why) == ((NO_DATA, why) if why else (PASSED, ""))


def test_users_of_a_closed_model_are_those_at_once_and_not_its_arrivals():
    timeline = [replace(second(index + 1.0, [0.1] * 300, in_flight=3), in_flight_highest=4) for index in range(5)]
    closed = replace(run_of(timeline), model=Model.CLOSED)

    found = judged(gates({"concurrent_users": 10}), closed, 1000)[0]

    assert (found.verdict, found.value) == (FAILED, 4)
    assert judged(gates({"concurrent_users": 10}), closed, 3)[0].value == 3


def test_a_highest_rate_that_is_to_be_kept_is_judged_by_the_highest():
    timeline = seconds_of([0.1] * 5, [0.1] * 50, [0.1] * 5)

    below = result("http_reqs", {"threshold": "peak<40", "over": "1s"}, timeline)

    assert (below.verdict, below.value) == (FAILED, 50)
    assert result("http_reqs", {"threshold": "peak<60", "over": "1s"}, timeline).verdict is PASSED


def test_a_counter_of_steps_that_are_not_there_counts_nothing_and_is_not_passed():
    bare = StepLoad("one", {Outcome.DONE: 3}, {200: 3}, None, None, None, {"kind": "read"})
    facts = replace(run_of(seconds_of([0.1] * 3)), steps=(bare,))

    for key, verdict in (("step:one,kind:write", NO_DATA), ("step:one,kind:read", FAILED), ("step:one", FAILED)):
        assert judged(gates({f"http_reqs{{{key}}}": "count==0"}), facts, 1)[0].verdict is verdict
    assert judged(gates({"http_reqs{status:500}": "count==0"}), facts, 1)[0].verdict is PASSED


TIMES = st.lists(st.sampled_from([0.05, 0.1, 0.2, 0.6, 1.5]), max_size=6)
TIMELINE = st.lists(st.tuples(TIMES, st.integers(0, 3)), min_size=1, max_size=12)
OTHERS = [("http_req_failed", "rate<0.2"), ("availability", "rate>=0.9"), ("http_reqs", "count<9")]
ASKED = [*(("http_req_duration", f"{method}<500") for method in ("avg", "min", "max", "med", "p(90)")), *OTHERS]
UPWARDS = [("http_req_duration", "p(90)<500"), ("http_req_failed", "rate<0.2"), ("http_req_duration", "max<500")]


def timeline_of(drawn: list[tuple[list[float], int]]) -> tuple[LoadSecond, ...]:
    return tuple(second(index + 1.0, times, failed=failed) for index, (times, failed) in enumerate(drawn))


@given(TIMELINE, st.sampled_from(ASKED), st.integers(1, 5))
def test_sliding_windows_say_what_each_window_says_by_itself(drawn, asked, over: int):
    key, text = asked
    timeline = timeline_of(drawn)
    sliding = result(key, {"threshold": text, "over": f"{over}s"}, timeline)

    alone = []
    for end in range(over, len(timeline) + 1):
        part = drawn[end - over : end]
        alone.append(result(key, text, timeline_of(part)).verdict if any(t or f for t, f in part) else None)
    asking = [each for each in alone if each is not None]
    expected = FAILED if FAILED in asking else NO_DATA if NO_DATA in asking or not asking else PASSED
    assert sliding.verdict is expected


@given(st.sampled_from(ASKED), st.integers(0, 8), st.booleans())
def test_a_threshold_never_passes_without_data(asked, length: int, windowed):
    key, text = asked
    silent = [second(index + 1.0, due=0) for index in range(length)]

    assert result(key, {"threshold": text, "over": "1s"} if windowed else text, silent).verdict is NO_DATA


@given(TIMELINE, st.integers(1, 4), st.integers(1, 3))
def test_failing_seconds_never_turn_failed_into_passed(drawn, more: int, over: int):
    worse = [([3.0] * 3, 3)] * more
    for key, text in UPWARDS:
        for threshold in (text, {"threshold": text, "over": f"{over}s"}):
            if result(key, threshold, timeline_of(drawn)).verdict is FAILED:
                assert result(key, threshold, timeline_of([*drawn, *worse])).verdict is FAILED


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("vus{kind:write}", "value<5", "vus is counted over all steps"),
        ("data_sent{status:200}", "count<5", "data_sent is not told apart by status"),
        ("http_reqs{status:teapot}", "count<5", "teapot is no status"),
        ("http_req_failed{expected_response:yes}", "rate<0.1", "true or false"),
        ("http_req_waiting", "p(95)<300", "use service_time"),
        ("http_req_tls_handshaking", "p(95)<300", "use http_req_blocked"),
        ("group_duration{group:::a}", "p(95)<300", "use .iteration_duration"),
        ("time_to_first_token", "rate<5", "rate cannot be asked of time_to_first_token, a trend"),
    ],
)
def test_a_threshold_that_can_say_nothing_says_what_to_write_instead(key: str, text: str, says: str):
    with pytest.raises(ValueError, match=says):
        read_threshold(key, text)


def mixed(at: float) -> LoadSecond:
    """Give a second of two steps: quick reads, slow writes of which some fail, quickly, and one times out."""
    reads, writes, refused, late = buckets([0.1] * 8), buckets([0.4] * 4), buckets([0.01] * 3), buckets([2.0])
    read = StepSecond({Outcome.DONE: 8}, {200: 8}, reads, waiting=buckets([0.001] * 8), service=buckets([0.09] * 8))
    write = StepSecond(
        {Outcome.DONE: 4, Outcome.UNEXPECTED: 3, Outcome.TIMED_OUT: 1, Outcome.REFUSED: 2},
        {201: 4, 503: 3},
        together((writes, refused, late)),
        {"saved": (4, 3)},
        service=buckets([0.3] * 4 + [0.01] * 3),
        expected={201: writes},
        unexpected={503: refused, 0: late},
    )
    flows = {"buyer": FlowSecond({Outcome.DONE: 4}, buckets([3.0] * 4)), "visitor": FlowSecond({Outcome.REFUSED: 2})}
    return LoadSecond(at, 18, 18, 12, 6, 0, 0, 1, 0.1, None, None, None, {"read": read, "write": write}, 0, flows)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("http_req_duration{kind:write}", "max<9", 2.0),
        ("http_req_duration{kind:write,expected_response:true}", "p(95)<9", 0.4),
        ("http_req_duration{expected_response:true}", "min<9", 0.1),
        ("http_req_duration{team:shop}", "count<9", None),
        ("http_req_duration{team:shop}", "min<9", 0.01),
        ("http_req_duration{status:503}", "max<9", 0.01),
        ("http_req_duration{status:0}", "max<9", 2.0),
        ("http_req_duration{status:200}", "max<9", 0.1),
        ("http_req_duration{name:read,scenario:peak}", "max<9", 0.1),
        ("http_reqs{status:503}", "count<99", 9.0),
        ("http_reqs{kind:write}", "count<99", 30.0),
        ("http_req_failed{kind:write}", "rate<1", 0.6),
        ("http_req_failed{status:201}", "rate<1", 0.0),
        ("availability{kind:read}", "rate>0", 1.0),
        ("checks{kind:write,check:saved}", "rate>0", 4 / 7),
        ("http_req_blocked{kind:read}", "max<9", 0.001),
        ("service_time{step:write}", "max<9", 0.3),
        ("iterations{flow:visitor}", "count<99", 6.0),
        ("iteration_duration", "avg<9", 3.0),
    ],
)
def test_tags_tell_steps_kinds_of_answers_and_flows_apart(key: str, text: str, value: float | None):
    # given three seconds of a run whose steps have tags
    tags = {"read": {"kind": "read", "team": "shop"}, "write": {"kind": "write", "team": "shop"}}
    steps = tuple(StepLoad(name, {}, {}, None, None, None, each) for name, each in tags.items())
    facts = replace(run_of([mixed(1.0), mixed(2.0), mixed(3.0)]), steps=steps)
    if value is None:
        with pytest.raises(ValueError, match="count cannot be asked"):
            read_threshold(key, text)
        return

    # when the whole run is judged, and every window of two seconds
    whole, windows = (judged(gates({key: {"threshold": text, **more}}), facts, 5)[0] for more in ({}, {"over": "2s"}))

    # then both see what the tags choose
    assert whole.value == pytest.approx(value, rel=0.01)
    assert windows.value is not None
    counted = value * 2 / 3 if "count" in text else value
    assert windows.value == pytest.approx(counted, rel=0.01)


def spoken(at: float, first: float, tokens: int) -> LoadSecond:
    """Give a second in which ten answers came piece by piece."""
    trends = {
        "first_token_seconds": buckets([first] * 10),
        "between_tokens_seconds": buckets([0.02] * 90),
        "tokens": buckets([float(tokens)] * 10),
        "tokens_per_second": buckets([50.0] * 10),
        "cost_per_1000_requests": buckets([0.4] * 10),
    }
    step = StepSecond({Outcome.DONE: 10}, {200: 10}, buckets([1.0] * 10), trends=trends)
    return LoadSecond(at, 10, 10, 10, 0, 0, 0, 1, 0.1, None, None, None, {"one": step}, 0)


@pytest.mark.parametrize(
    ("key", "threshold", "verdict", "value"),
    [
        ("time_to_first_token", "p(95)<500", FAILED, 0.9),
        ("time_to_first_token{kind:chat}", "med<500", PASSED, 0.3),
        ("time_to_first_token{step:one}", {"threshold": "p(95)<500", "over": "2s"}, FAILED, 0.9),
        ("ttft", "1 s", PASSED, 0.9),
        ("time_between_tokens", "p(99)<30 ms", PASSED, 0.02),
        ("tokens_per_second", "p(5)>=40 tokens/s", PASSED, 50.0),
        ("tokens_per_request", "avg<15 tokens", PASSED, 12.0),
        ("tokens", "rate>110 tokens/s", PASSED, 120.0),
        ("tokens", "peak>=125", FAILED, 120.0),
        ("cost_per_request", "avg<0.0005", PASSED, 0.0004),
        ("cost", "count<=0.01", FAILED, 0.016),
    ],
)
def test_what_is_measured_of_a_language_models_answers_is_judged_as_times_are(key, threshold, verdict, value):
    # given four seconds, in the last of which the first token came late
    timeline = [*(spoken(at, 0.3, 12) for at in (1.0, 2.0, 3.0)), spoken(4.0, 0.9, 12)]
    step = StepLoad("one", {}, {}, None, None, None, {"kind": "chat"})

    (found,) = judged(gates({key: threshold}), replace(run_of(timeline), steps=(step,)), 5)

    assert (found.verdict, found.value) == (verdict, pytest.approx(value, rel=0.01))


def test_a_goal_set_on_one_scenario_is_judged_on_that_one_alone():
    gate = gates({"http_req_duration{scenario:peak}": "max<1 s"})
    facts = run_of(seconds_of([0.1]))

    assert judged(gate, facts, 5)[0].verdict is PASSED
    assert judged(gate, replace(facts, scenario="soak"), 5)[0].why == "it is set on another scenario than soak"


@pytest.mark.parametrize(
    ("key", "text", "verdict"),
    [
        ("p95", "100 ms", ThresholdVerdict.PASSED),
        ("p95", "80 ms", ThresholdVerdict.FAILED),
        ("errors", "2 %", ThresholdVerdict.PASSED),
        ("http_reqs", "count==1200", ThresholdVerdict.PASSED),
        ("dropped_iterations", "count==0", ThresholdVerdict.FAILED),
        ("p97", "1 s", ThresholdVerdict.NO_DATA),
        ("checks", "rate>0", ThresholdVerdict.NO_DATA),
    ],
)
def test_another_generators_summary_is_judged_by_what_it_says_and_by_nothing_else(key, text, verdict):
    # given a summary of k6 without seconds
    times = {"avg": 50, "min": 1, "med": 40, "p(90)": 80, "p(95)": 90, "p(99)": 120, "max": 300}
    metrics = {
        "http_reqs": {"count": 1200, "rate": 20},
        "http_req_failed": {"passes": 12},
        "http_req_duration": times,
        "dropped_iterations": {"count": 7},
    }
    facts = read_results({"summary.json": json.dumps({"metrics": metrics})}, "peak")
    scenario = {"target": "http://127.0.0.1", "target_rps": 1, "duration": "1s", "steps": [{"name": "a"}]}
    thresholds = Scenario.model_validate({**scenario, "thresholds": {key: [text]}}).thresholds
    plan = parse_plan("outgrow: 1\nname: shop\n", "plan.yaml").plan

    (result,) = judged(gates_of(plan, thresholds), facts, 100)

    assert result.verdict is verdict


@pytest.mark.parametrize(("interrupted", "verdict"), [(False, FAILED), (True, PASSED)])
def test_iterations_that_the_time_did_not_suffice_for_are_dropped_as_k6_counts_them(interrupted, verdict):
    # given 30 of 50 iterations that a run of maxDuration did not reach, or that Ctrl-C kept it from
    missed = FlowLoad("", {Outcome.DONE: 20, Outcome.NEVER_STARTED: 30})
    facts = replace(run_of(seconds_of([0.1], [0.1])), iterations=missed, interrupted=interrupted)

    (found,) = judged(gates({"dropped_iterations": "count==0"}), facts, 5)

    assert (found.verdict, found.value) == (verdict, 0 if interrupted else 30)
