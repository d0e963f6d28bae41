"""What `k6 inspect --execution-requirements` of k6 1.1.0 prints of real options becomes a plan of the same load.

k6's own account of how long a run may take, and of the most users, is what ours is held against.
"""

import json
from pathlib import Path

import pytest

from outgrow.errors import UsageError
from outgrow.loadtest.course import most_under_way, timetable_of
from outgrow.plan.file import parse_plan
from outgrow.plan.imports import plan_text, read_scenario
from outgrow.plan.scenarios import Scenario
from outgrow.quantity import Duration

INSPECTED = json.loads((Path(__file__).parent / "k6_inspected.json").read_text())
TARGET = "http://127.0.0.1:8080"


def scenarios_of(options: dict) -> dict[str, Scenario]:
    found = read_scenario(json.dumps(options), TARGET)
    assert found is not None
    return dict(parse_plan(plan_text("shop", found).encode(), "plan.yaml", lambda _: b"").plan.scenarios)


def notes_of(options: dict) -> str:
    found = read_scenario(json.dumps(options), TARGET)
    assert found is not None
    return "\n".join(found.notes)


def seconds(text: str) -> float:
    return Duration.parse(text).total_seconds()


@pytest.mark.parametrize("name", [name for name in INSPECTED if name not in {"several", "ramping-vus"}])
def test_a_run_takes_as_long_as_k6_says_and_has_as_many_users(name):
    options = INSPECTED[name]
    (k6,) = options["scenarios"].values()

    (scenario,) = scenarios_of(options).values()

    assert scenario.made_by == k6["executor"]
    assert scenario.graceful_stop is not None
    longest = timetable_of(scenario).seconds + scenario.graceful_stop.total_seconds()
    assert longest == pytest.approx(seconds(options["totalDuration"]))
    if "executionSegment" not in options:
        assert most_under_way(scenario, timetable_of(scenario)) == options["maxVUs"]


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("stages", ["jump 1", "ramp 20 30s", "ramp 10 1m30s", "ramp 0 20s"]),
        ("vus-and-stages", ["jump 5", "ramp 0 10s", "jump 10", "ramp 3 5s"]),
        ("ramping-arrival-rate", ["jump 5", "hold 1m0s", "ramp 10 2m0s", "hold 4m0s", "ramp 1 2m0s"]),
        ("jumps", ["jump 100", "hold 10s", "jump 0", "ramp 50 5s"]),
        ("ramping-vus", ["ramp 10 20s", "ramp 0 10s"]),
    ],
)
def test_stages_keep_their_levels_and_lengths(name, stages):
    (scenario,) = scenarios_of(INSPECTED[name]).values()

    told = [
        f"jump {stage.jump:g}"
        if stage.jump is not None
        else f"ramp {stage.ramp:g} {stage.over}"
        if stage.ramp is not None
        else f"hold {stage.hold}"
        for stage in scenario.stages
    ]
    assert told == stages


def test_several_scenarios_become_one_plan_with_each_ones_own_thresholds():
    found = scenarios_of(INSPECTED["several"])

    assert {name: scenario.made_by for name, scenario in found.items()} == {
        "a": "per-vu-iterations",
        "b": "constant-vus",
    }
    assert [each.threshold for each in found["a"].thresholds["http_req_duration"]] == ["p(95)<200"]
    (ends,) = found["b"].thresholds["http_req_duration"]
    assert (ends.threshold, ends.abort_on_fail, str(ends.delay_abort_eval)) == ("p(99)<300", True, "10s")
    assert str(found["b"].graceful_stop) == "5s"
    notes = notes_of(INSPECTED["several"])
    assert "a, b run beside one another in k6; here each is a run of its own (a after 30s)" in notes
    assert "a: exec of the scenario is left out: write the flow of that function" in notes


def test_scenarios_whose_names_differ_in_what_a_name_here_cannot_have_are_all_kept():
    one, other = INSPECTED["several"]["scenarios"].values()
    options = {**INSPECTED["several"], "scenarios": {"buy_it": one, "Buy-it": other, "__": one}, "thresholds": {}}

    assert [scenario.made_by for scenario in scenarios_of(options).values()] == [
        "per-vu-iterations",
        "constant-vus",
        "per-vu-iterations",
    ]


def test_thresholds_on_several_scenarios_together_are_said_to_be_judged_apart():
    options = {**INSPECTED["several"], "thresholds": {"http_req_failed": ["rate<0.01"]}}

    assert "over all scenarios together; here each by itself" in notes_of(options)


def test_thresholds_of_a_scenario_and_of_the_run_are_both_kept_where_they_become_one_key():
    (scenario,) = scenarios_of(INSPECTED["thresholds"]).values()

    kept = [each.threshold for each in scenario.thresholds["http_req_duration"]]
    assert kept == ["p(95) < 500", "avg<200", "max<=2000", "med<100.5", "p(99.9)<1000", "min>=0"]
    assert {step.name: dict(step.tags) for step in scenario.steps} == {
        "change-me-checkout": {"group": "::checkout"},
        "change-me-get": {"method": "GET"},
        "change-me-read": {"kind": "read"},
    }


def test_every_option_that_changes_the_load_is_carried_over_or_said_to_be_left_out():
    (scenario,) = scenarios_of(INSPECTED["other-options"]).values()
    notes = notes_of(INSPECTED["other-options"])

    assert scenario.reuse is False
    for word in ("rps", "dns", "userAgent", "batch", "tlsVersion", "hosts", "minIterationDuration", "executionSegment"):
        assert f"{word} of the options is left out" in notes
    assert "redirects" not in notes  # maxRedirects: 0, as it is here
    assert "k6 follows redirects" in notes_of(INSPECTED["constant-vus"])


def test_a_threshold_with_a_delay_that_ends_nothing_stands_alone():
    late = {"threshold": "p(95)<500", "abortOnFail": False, "delayAbortEval": "10s"}
    options = {**INSPECTED["constant-vus"], "thresholds": {"http_req_duration": [late]}}

    (scenario,) = scenarios_of(options).values()

    (kept,) = scenario.thresholds["http_req_duration"]
    assert (kept.threshold, kept.abort_on_fail) == ("p(95)<500", False)


def test_steps_that_tags_speak_of_have_names_of_their_own():
    thresholds = {
        "http_req_duration{kind:a b}": ["max<1"],
        "http_req_duration{type:a-b}": ["max<1"],
        "http_req_failed{name:login}": ["rate<1"],
        "http_req_duration{name:login,kind:x}": ["max<1"],
    }

    (scenario,) = scenarios_of({**INSPECTED["constant-vus"], "thresholds": thresholds}).values()

    assert {step.name: dict(step.tags) for step in scenario.steps} == {
        "change-me-a-b": {"kind": "a b"},
        "change-me-a-b-too": {"type": "a-b"},
        "login": {"kind": "x"},
    }


@pytest.mark.parametrize(
    ("options", "seconds_of_it", "made_by"),
    [
        ({"duration": 90_000, "vus": 2}, 90, "constant-vus"),
        ({"duration": "90000", "vus": 2}, 90, "constant-vus"),
        ({"iterations": 10, "vus": 2, "duration": "1m"}, 60, "shared-iterations"),
        ({"stages": [{"duration": 1500, "target": 3}]}, 1.5, "ramping-vus"),
    ],
)
def test_a_config_file_is_read_as_k6_reads_it(options, seconds_of_it, made_by):
    (scenario,) = scenarios_of(options).values()

    assert (timetable_of(scenario).seconds, scenario.made_by) == (seconds_of_it, made_by)


def test_a_rate_that_no_short_number_says_keeps_its_arrivals():
    rate = {"executor": "constant-arrival-rate", "rate": 100, "timeUnit": "1m", "duration": "1h", "preAllocatedVUs": 5}

    (scenario,) = scenarios_of({"scenarios": {"a": rate}}).values()

    assert timetable_of(scenario).planned == 6000


@pytest.mark.parametrize(
    "script",
    [
        "import http from 'k6/http';\nexport default function () {}",
        "export const options = { vus: 1 };",
        '// a script\nimport { sleep } from "k6";',
    ],
)
def test_a_script_itself_is_told_how_its_options_are_written(script):
    with pytest.raises(UsageError, match=r"k6 inspect --execution-requirements SCRIPT > options[.]json"):
        read_scenario(script, TARGET)
