"""Files that k6 1.1.0 and vegeta 12.13 wrote of runs with faults, drops, tags and several scenarios, read as facts.

The recorded runs were sent to a small server on loopback: `wait` answers late, `hang` never, `cut` closes, `half` ends
within the body, `garbled` is no HTTP. k6 wrote all four of its files of one and the same run, in Seoul's time.
"""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outgrow.decide.gates import gates_of
from outgrow.decide.thresholds import judged
from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts, Model, Outcome
from outgrow.facts.proofs import ThresholdVerdict
from outgrow.loadtest.results import read_results
from outgrow.plan.file import parse_plan
from outgrow.plan.scenarios import Scenario
from outgrow.report.load_json import load_text, stored_load

RECORDED = Path(__file__).parent / "recorded"
POINTS = ("k6_points.json", "k6_points.csv")
SUMMARIES = ("k6_summary_export.json", "k6_handle_summary.json")
PASSED, FAILED, NO_DATA = ThresholdVerdict.PASSED, ThresholdVerdict.FAILED, ThresholdVerdict.NO_DATA


def recorded(name: str) -> LoadFacts:
    return read_results({name: (RECORDED / name).read_text()}, "peak")


def said_by_k6() -> dict[str, dict[str, float]]:
    metrics = json.loads((RECORDED / "k6_handle_summary.json").read_text())["metrics"]
    return {name: metric["values"] for name, metric in metrics.items()}


def verdict(facts: LoadFacts, key: str, text: str, users: int = 1000) -> tuple[ThresholdVerdict, float | None]:
    scenario = {"target": "http://127.0.0.1", "target_rps": 1, "duration": "1s", "steps": [{"name": "a"}]}
    thresholds = Scenario.model_validate({**scenario, "thresholds": {key: [text]}}).thresholds
    (result,) = judged(gates_of(parse_plan("outgrow: 1\nname: shop\n", "plan.yaml").plan, thresholds), facts, users)
    return result.verdict, result.value


@pytest.mark.parametrize("name", [*POINTS, *SUMMARIES])
def test_every_file_of_k6_counts_what_k6_counted(name):
    k6, facts = said_by_k6(), recorded(name)

    outcomes = facts.whole.outcomes
    assert sum(outcomes.values()) - outcomes[Outcome.DROPPED] == k6["http_reqs"]["count"]
    assert facts.whole.failed == k6["http_req_failed"]["passes"]
    assert outcomes[Outcome.DROPPED] == k6["dropped_iterations"]["count"]
    assert facts.iterations.outcomes == {
        Outcome.DONE: k6["iterations"]["count"],
        Outcome.DROPPED: k6["dropped_iterations"]["count"],
    }
    checks = [counts for step in facts.steps for counts in step.checks.values()]
    assert sum(passed for passed, _ in checks) == k6["checks"]["passes"]
    assert sum(failed for _, failed in checks) == k6["checks"]["fails"]
    assert (facts.whole.bytes_sent, facts.whole.bytes_received) == (
        k6["data_sent"]["count"],
        k6["data_received"]["count"],
    )
    assert facts.seconds == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("name", POINTS)
def test_each_fault_that_k6_met_is_told_apart(name):
    facts = recorded(name)

    failed = {step.name.rpartition("/")[2]: next(iter(step.outcomes)) for step in facts.steps if step.failed}
    assert failed == {
        "404": Outcome.UNEXPECTED,
        "503": Outcome.UNEXPECTED,
        "hang": Outcome.TIMED_OUT,
        "cut": Outcome.CUT_OFF,
        "half": Outcome.CUT_OFF,
        "garbled": Outcome.GARBLED,
        "refused": Outcome.REFUSED,
        "": Outcome.NOT_CONNECTED,
    }
    expected = next(step for step in facts.steps if step.name == "expected-404")
    assert (expected.outcomes, expected.statuses) == ({Outcome.DONE: 1}, {404: 1})


@pytest.mark.parametrize("name", POINTS)
def test_percentiles_of_the_requests_of_a_tag_are_those_of_k6(name):
    k6, facts = said_by_k6()["http_req_duration{kind:read}"], recorded(name)

    for word in ("avg", "min", "med", "max"):
        _, value = verdict(facts, "http_req_duration{kind:read}", f"{word}<1000")
        assert value == pytest.approx(k6[word] / 1000, rel=0.01)
    # Of 17 answers k6's percentiles lie between ranks, ours are one of them: k6's lie on either side.
    for word, beyond in (("p(90)", "p(88)"), ("p(95)", "p(93)")):
        _, above = verdict(facts, "http_req_duration{kind:read}", f"{word}<1000")
        _, below = verdict(facts, "http_req_duration{kind:read}", f"{beyond}<1000")
        assert below is not None
        assert above is not None
        assert below * 0.99 <= k6[word] / 1000 <= above * 1.01
    assert facts.whole.waiting is not None
    assert facts.whole.waiting.greatest_seconds == pytest.approx(said_by_k6()["http_req_blocked"]["max"] / 1000)


def test_the_moments_of_k6_keep_their_time_zone_and_their_fractions_in_both_files():
    points, rows = (recorded(name) for name in POINTS)

    assert points == rows
    first = json.loads((RECORDED / "k6_points.json").read_text().splitlines()[1])["data"]["time"]
    assert first.endswith("+09:00")
    ended = datetime.fromisoformat(first).astimezone(UTC)
    assert 0 < (ended - points.started_at).total_seconds() < 1


@pytest.mark.parametrize(("unit", "power"), [("unix", 0), ("unix_milli", 3), ("unix_micro", 6), ("unix_nano", 9)])
def test_every_form_of_moments_in_k6s_csv_is_read_and_a_coarse_one_is_noted(unit, power):
    text = (RECORDED / "k6_points.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    for row in rows[1:]:
        row[1] = str(int(datetime.fromisoformat(row[1]).timestamp() * 10**power))
    written = io.StringIO()
    csv.writer(written).writerows(rows)

    facts = read_results({unit: written.getvalue()}, "peak")

    exact = recorded("k6_points.csv")
    assert facts.whole.outcomes == exact.whole.outcomes
    assert facts.whole.response == exact.whole.response
    assert abs((facts.started_at - exact.started_at).total_seconds()) <= 1
    assert [note for note in facts.notes if "whole seconds" in note] == (list(facts.notes) if power == 0 else [])
    assert bool(facts.notes) is (power == 0)


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("dropped", "0", FAILED),
        ("dropped_iterations", "count==7", PASSED),
        ("checks", "rate>0.9", FAILED),
        ("checks", "rate>0.54", PASSED),
        ("checks{check:created}", "rate==1", PASSED),
        ("checks{kind:read}", "rate<0.6", PASSED),
        ("iterations", "count==25", PASSED),
        ("http_reqs", "count==35", PASSED),
        ("http_reqs{status:404}", "count==2", PASSED),
        ("http_req_failed", "rate<0.01", FAILED),
        ("http_req_failed{step:farm-list}", "rate==0", PASSED),
        ("http_req_duration{group:::checkout}", "max<100", PASSED),
        ("http_req_duration{group:::basket}", "max<100", NO_DATA),
        ("service_time{kind:read}", "p(95)<100", PASSED),
        ("http_req_blocked", "max<100", PASSED),
        ("data_received", "count>1000", PASSED),
        ("concurrent_users", "1000", FAILED),
    ],
)
def test_goals_are_judged_by_what_k6_wrote_point_by_point(name, key, text, expected):
    assert verdict(recorded(name), key, text)[0] is expected


@pytest.mark.parametrize("name", SUMMARIES)
@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("dropped", "0", FAILED),
        ("checks", "rate>0.9", FAILED),
        ("checks", "rate>0.54", PASSED),
        ("http_req_failed", "rate<0.01", FAILED),
        ("http_req_duration", "p(95)<200", FAILED),
        ("http_req_duration", "p(95)<300", PASSED),
        ("http_req_duration{expected_response:true}", "p(95)<300", NO_DATA),
        ("http_req_duration{kind:read}", "p(95)<300", NO_DATA),
        ("http_req_blocked", "max<100", PASSED),
        ("concurrent_users", "1", NO_DATA),
    ],
)
def test_goals_are_judged_by_the_summary_of_k6_and_by_nothing_that_it_does_not_say(name, key, text, expected):
    assert verdict(recorded(name), key, text)[0] is expected


def test_rows_of_k6_that_were_cut_off_are_told_with_their_line():
    text = (RECORDED / "k6_points.csv").read_text()

    with pytest.raises(UsageError, match=r"points.csv:3: .* it has 2 columns and the heading 19; was the file cut off"):
        read_results({"points.csv": "\n".join([*text.splitlines()[:2], "http_reqs,1795258551"])}, "peak")


def test_one_name_with_different_tags_is_several_steps_that_its_name_still_chooses():
    lines = (RECORDED / "k6_points.json").read_text().splitlines()
    changed = [
        line.replace('"kind":"read"', '"kind":"write"') if number % 2 else line for number, line in enumerate(lines)
    ]

    facts = read_results({"points.json": "\n".join(changed)}, "peak")

    kinds = {step.tags["kind"]: step.arrivals for step in facts.steps if step.tags.get("name") == "farm-list"}
    assert set(kinds) == {"read", "write"}
    assert sum(kinds.values()) == 17
    assert verdict(facts, "http_reqs{step:farm-list}", "count==17")[0] is PASSED
    assert verdict(facts, "http_reqs{step:farm-list,kind:read}", f"count=={kinds['read']}")[0] is PASSED


def test_a_run_that_was_read_is_kept_whole(tmp_path):
    facts = recorded("k6_points.json")
    file = tmp_path / "run.json"
    file.write_text(load_text(facts))

    kept = stored_load(file)

    assert (kept.whole, kept.flows) == (facts.whole, facts.flows)
    assert [step.tags for step in kept.steps] == [step.tags for step in facts.steps]
    for key, text in (("http_req_duration{kind:read}", "p(95)<1"), ("checks", "rate==1"), ("iterations", "count<1")):
        assert verdict(kept, key, text) == verdict(facts, key, text)


@pytest.mark.parametrize("name", ["vegeta_results.json", "vegeta_results.csv"])
def test_single_results_of_vegeta_tell_each_fault_apart_and_count_as_its_report_does(name):
    report, facts = json.loads((RECORDED / "vegeta_report.json").read_text()), recorded(name)

    assert (facts.generator, facts.model, facts.target) == ("vegeta", Model.OPEN, "http://127.0.0.1:18431")
    assert facts.whole.outcomes == {
        Outcome.DONE: 2,
        Outcome.UNEXPECTED: 4,
        Outcome.TIMED_OUT: 2,
        Outcome.REFUSED: 2,
        Outcome.CUT_OFF: 4,
        Outcome.GARBLED: 2,
    }
    assert facts.whole.arrivals == report["requests"]
    assert {str(status): count for status, count in facts.whole.statuses.items()} == {
        status: count for status, count in report["status_codes"].items() if status != "0"
    }
    assert facts.whole.bytes_received == report["bytes_in"]["total"]
    assert abs((facts.started_at - datetime.fromisoformat(report["earliest"])).total_seconds()) < 1e-5
    assert facts.whole.response is not None
    assert facts.whole.response.greatest_seconds == pytest.approx(report["latencies"]["max"] / 1e9)
    assert "POST http://127.0.0.1:18431/status/503" in {step.name for step in facts.steps}


def test_both_forms_of_vegetas_single_results_are_the_same_run():
    assert recorded("vegeta_results.json").whole == recorded("vegeta_results.csv").whole


def test_the_report_of_vegeta_is_read_as_it_says():
    report, facts = json.loads((RECORDED / "vegeta_report.json").read_text()), recorded("vegeta_report.json")

    assert facts.whole.arrivals == report["requests"]
    assert facts.whole.outcomes[Outcome.DONE] == 2
    assert facts.whole.response is not None
    assert facts.whole.response.p95_seconds == report["latencies"]["95th"] / 1e9
    assert verdict(facts, "errors", "1 %")[0] is FAILED
    assert verdict(facts, "concurrent_users", "1")[0] is NO_DATA


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize(
    ("scenario", "requests", "dropped"), [("browse", 17, 0), ("buy", 3, 0), ("faults", 11, 0), ("jam", 4, 7)]
)
def test_one_of_several_scenarios_of_a_run_is_read_alone(name, scenario, requests, dropped):
    facts = read_results({name: (RECORDED / name).read_text()}, "peak", scenario)

    assert facts.whole.outcomes.get(Outcome.DROPPED, 0) == dropped
    assert facts.whole.arrivals - dropped == requests
    assert [flow.name for flow in facts.flows] == [scenario]


@pytest.mark.parametrize("name", POINTS)
def test_a_scenario_that_a_run_did_not_have_is_told_with_those_that_it_had(name):
    with pytest.raises(UsageError, match="the scenarios are browse, buy, faults, jam"):
        read_results({name: (RECORDED / name).read_text()}, "peak", "night")


@pytest.mark.parametrize("name", [*SUMMARIES, "vegeta_report.json"])
def test_a_file_that_tells_no_scenarios_apart_says_so(name):
    with pytest.raises(UsageError, match="only what k6 wrote with --out json or csv tells scenarios apart"):
        read_results({name: (RECORDED / name).read_text()}, "peak", "browse")
