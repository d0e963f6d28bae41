"""`outgrow simulate` as a user meets it."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from outgrow.api import append_event
from outgrow.cli import run
from outgrow.cli.common import load, run_async
from outgrow.facts.decisions import Event, EventKind

PLAN = """
outgrow: 1
name: shop
timezone: Europe/Berlin
services:
  web:
    capacity: 10
    start_up: 60s
    price_per_hour: 0.5
    scaling: {policy: hpa, min: 1, max: 20, metrics: [{kind: external, name: requests, average: 7}], behavior: {}}
  api: {capacity: 10}
"""
EXAMPLE = Path(__file__).parents[2] / "examples" / "rehearse-a-policy"
DAY = [30 + 25 * (index % 60 > 30) for index in range(6 * 60)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    rows = "".join(f"2026-03-01T{minute // 60:02}:{minute % 60:02}:00Z,{rps}\n" for minute, rps in enumerate(DAY))
    (tmp_path / "t.csv").write_text("time,rps\n" + rows, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_terminal_of_any_width_shows_whole_figures_and_what_a_policy_costs(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))

    assert run(["simulate", "web", "--trace", "t.csv", "--objective", "500ms"]) == 0

    shown = capsys.readouterr().out
    heads = next(line for line in shown.splitlines() if line.startswith("policy"))
    assert heads.split()[-1] == "cost"
    assert "regret" in heads
    assert "…" not in shown


@pytest.mark.usefixtures("shop")
def test_a_policy_stands_beside_the_curve_and_both_oracles(capsys):
    assert run(["simulate", "web", "--trace", "t.csv", "--objective", "500ms", "--compare", "cpu:70"]) == 0
    shown = capsys.readouterr().out
    assert "of the demand unserved and costs" in shown.splitlines()[0]
    for name in ("web", "cpu:70", "HPA 40 %", "HPA 95 %", "feasible oracle", "budget oracle", "p95", "cost"):
        assert name in shown


def test_the_traffic_that_comes_with_the_examples_may_be_rehearsed_straight_away(monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLE)
    asked = ["simulate", "chat", "--trace", "llm-requests.csv.gz", "--step", "10m", "--level-steps", "--no-curve"]
    assert run([*asked, "--policy-file", "policies.yaml"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("ahead leaves")
    for name in ("careful", "feasible oracle", "Scored from 2 Jan 00:00 to 15 Jan 00:00."):
        assert name in shown


def test_the_same_trace_gives_the_same_bytes(shop, capsys):
    texts = []
    for name in ("a", "b"):
        assert run(["simulate", "web", "--trace", "t.csv", "--json", "--timeline", f"{name}.csv.gz"]) == 0
        texts.append((capsys.readouterr().out, (shop / f"{name}.csv.gz").read_bytes()))
    assert texts[0] == texts[1]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["steps.csv", "steps.csv.gz", "steps.parquet"])
@pytest.mark.parametrize("policy", ["hpa", "keda", "predictive"])
def test_an_independent_program_finds_the_score_in_the_timeline_alone(capsys, name, policy):
    metric = {"hpa": "metrics: [{kind: pods, name: rps, average: 8}]", "keda": "triggers: [{name: rps, average: 8}]"}
    Path("p.yaml").write_text(f"{{policy: {policy}, min: 1, max: 6, {metric.get(policy, '')}}}", encoding="utf-8")
    asked = ["simulate", "web", "--trace", "t.csv", "--policy-file", "p.yaml", "--warm-up", "50m", "--no-curve"]

    assert run([*asked, "--json", "--timeline", name]) == 0
    printed = json.loads(capsys.readouterr().out)["rows"][0]["score"]
    program = [sys.executable, str(Path(__file__).with_name("recompute_score.py")), name, "3000"]
    found = json.loads(subprocess.run(program, capture_output=True, check=True, text=True).stdout)

    assert printed["unserved"] > 0
    assert {**found, "regret": printed["regret"]} == pytest.approx(printed, rel=1e-12)


@pytest.mark.usefixtures("shop")
def test_a_decision_is_explained(capsys):
    assert run(["simulate", "web", "--trace", "t.csv", "--explain", "2026-03-01T01:31:15+00:00"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("2026-03-01T02:31:15+01:00: 5 → 8 replicas")
    assert any("requests: usage over target" in line for line in others)


@pytest.mark.usefixtures("shop")
def test_a_forecast_is_explained_with_its_margin(capsys):
    # given a policy that looks ahead, six hours into the traffic
    Path("p.yaml").write_text("{policy: predictive, min: 1, max: 20}", encoding="utf-8")
    asked = ["simulate", "web", "--trace", "t.csv", "--policy-file", "p.yaml", "--explain", "2026-03-01T05:40:00+00:00"]

    assert run(asked) == 0
    shown = capsys.readouterr().out
    for part in ("the load of now is 5.50 replicas' worth", "of margin covers", "mixed of", "of the recent demand"):
        assert part in shown
    assert run([*asked, "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)["forecast"]
    assert forecast["due"] == "2026-03-01T05:41:15+00:00"
    assert forecast["margin"] is not None


def test_a_forecast_gives_the_same_bytes_each_time(shop, capsys):
    texts = []
    for name in ("a", "b"):
        asked = ["simulate", "web", "--trace", "t.csv", "--compare", "predictive", "--json"]
        (shop / "p.yaml").write_text("{policy: predictive, min: 1, max: 20}", encoding="utf-8")
        assert run([*asked, "--policy-file", "p.yaml", "--timeline", f"{name}.csv"]) == 0
        texts.append((capsys.readouterr().out, (shop / f"{name}.csv").read_bytes()))
    assert texts[0] == texts[1]
    assert b"forecast" in texts[0][1] or b"load of now" in texts[0][1]


def test_a_report_holds_the_charts_and_nothing_from_elsewhere(shop):
    assert run(["simulate", "web", "--trace", "t.csv", "--html", "r.html", "--lang", "ko"]) == 0
    page = (shop / "r.html").read_text(encoding="utf-8")
    assert page.count("<figure") >= 5
    assert "http" not in page.partition("<body")[2].partition("<script>")[0]
    assert "스케일링 연습" in page


def test_a_policy_is_held_against_the_live_control(shop, capsys):
    counts = "time,replicas\n2026-03-01T00:00:00Z,5\n2026-03-01T03:00:00Z,9\n"
    (shop / "live.csv").write_text(counts, encoding="utf-8")
    assert run(["simulate", "web", "--trace", "t.csv", "--against", "live.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["agreement"] < 1
    assert found["live"]["score"]["replica_hours"] == pytest.approx(found["live_replica_hours"])
    assert found["spans"][0]["most"] != 0


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_time_is_cut_where_a_policy_is_held_against_the_live_control(shop, capsys, monkeypatch, language):
    (shop / "live.csv").write_text("time,replicas\n2026-03-01T00:00:00Z,5\n2026-03-01T03:00:00Z,9\n", encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "60")

    assert run(["simulate", "web", "--trace", "t.csv", "--against", "live.csv", "--lang", language]) == 0

    told = capsys.readouterr().out
    assert "…" not in told
    assert re.search(r"^2026-03-01T\d\d:\d\d:00[+-]\d\d:\d\d ", told, re.MULTILINE)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["web"], "--trace FILE, or --from-source SIGNAL"),
        (["nope", "--trace", "t.csv"], "the services are web, api"),
        (["api", "--trace", "t.csv"], "how long a replica takes to start"),
        (["api", "--trace", "t.csv", "--start-up", "1m"], "has no scaling"),
        (["web", "--trace", "nope.csv"], "cannot be read"),
        (["web", "--trace", "t.xlsx"], "should end in"),
        (["web", "--trace", "t.csv", "--compare", "best"], "hpa:70"),
        (["web", "--trace", "t.csv", "--step", "45s"], "45 s does not fit intervals of 60 s"),
        (["web", "--trace", "t.csv", "--explain", "2020-01-01"], "the rehearsal lasts from"),
        (["web", "--trace", "t.csv", "--timeline", "t.xls"], "end it in .csv"),
        (["web", "--trace", "t.csv", "--html", "no/where.html"], "there is no folder"),
        (["web", "--trace", "t.csv", "--columns", "time"], "--columns names two"),
        (["web", "--trace", "t.csv", "--timezone", "Mars/Olympus"], "is not a time zone"),
        (["web", "--trace", "t.csv", "--policy-file", "t.csv"], "holds no policy"),
        (["web", "--from-source", "load"], "no signal is called"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(capsys, arguments: list[str], message: str):
    assert run(["simulate", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_policies_of_a_file_take_the_place_of_the_services_own(shop, capsys):
    text = """
low: {policy: hpa, max: 20, metrics: [{kind: pods, name: requests, average: 9}]}
high: {policy: hpa, max: 20, metrics: [{kind: pods, name: requests, average: 4}]}
"""
    (shop / "p.yaml").write_text(text, encoding="utf-8")
    assert run(["simulate", "web", "--trace", "t.csv", "--policy-file", "p.yaml", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["name"] for row in rows[:2]] == ["low", "high"]
    assert rows[0]["score"]["replica_hours"] < rows[1]["score"]["replica_hours"]


def test_a_policy_is_found_that_may_be_pasted(shop, capsys):
    text = "time,rps\n" + "".join(f"{hour * 3600},{20 + 30 * (hour % 24 > 8)}\n" for hour in range(24 * 5))
    (shop / "days.csv").write_text(text, encoding="utf-8")
    arguments = ["tune", "web", "--trace", "days.csv", "--level-steps", "--step", "1h", "--processes", "1"]
    assert run([*arguments, "--unserved", "40%"]) == 0
    shown = capsys.readouterr().out
    assert "the cheapest of 79 that keeps at most 40.00 % unserved" in shown
    assert "judged on the next day" in shown
    assert "takes the place of services.web.scaling; what else the service has stays:" in shown
    pasted = "services:" + shown.partition("\nservices:")[2]
    (shop / "found.yaml").write_text(yaml.safe_dump(yaml.safe_load(pasted)["services"]["web"]["scaling"]))
    assert run(["simulate", "web", "--trace", "t.csv", "--policy-file", "found.yaml", "--no-curve"]) == 0


def test_a_policy_for_a_service_that_has_none_goes_below_it(shop, capsys):
    text = "time,rps\n" + "".join(f"{hour * 3600},{20 + 30 * (hour % 24 > 8)}\n" for hour in range(24 * 5))
    (shop / "days.csv").write_text(text, encoding="utf-8")
    arguments = ["tune", "api", "--trace", "days.csv", "--level-steps", "--step", "1h", "--processes", "1"]

    assert run([*arguments, "--start-up", "1m", "--unserved", "40%"]) == 0

    assert "this goes below services.api, which has no scaling yet" in capsys.readouterr().out


def test_a_search_that_finds_nothing_is_not_proven(shop, capsys):
    text = "time,rps\n" + "".join(f"{hour * 3600},{20 + 90 * (hour % 24 > 8)}\n" for hour in range(24 * 5))
    (shop / "days.csv").write_text(text, encoding="utf-8")
    arguments = ["tune", "web", "--trace", "days.csv", "--level-steps", "--step", "1h", "--processes", "1"]
    assert run([*arguments, "--unserved", "0", "--json"]) == 6
    assert json.loads(capsys.readouterr().out)["chosen"] is None
    assert run(["tune", "web", "--trace", "t.csv"]) == 2
    assert "too short to tune on some days" in capsys.readouterr().err


BARE = "outgrow: 1\nname: shop\ntimezone: Asia/Seoul\nservices: {web: {}}\n"
LACKING = ("--trace FILE", "say --capacity 50", "say --start-up 60s")


@pytest.mark.parametrize(("command", "also"), [("simulate", ("--policy-file",)), ("tune", ())])
def test_everything_that_is_missing_is_said_at_once(tmp_path, monkeypatch, capsys, command, also):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(BARE, encoding="utf-8")

    assert run([command, "web"]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len((*LACKING, *also))
    assert all(any(word in line for line in lines) for word in (*LACKING, *also))


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", ["simulate", "tune"])
def test_what_is_rounded_to_whole_steps_is_said(capsys, command):
    rows = "".join(f"{minute * 60},{20 + minute % 1440 // 60}\n" for minute in range(1440 * 4))
    Path("days.csv").write_text("time,rps\n" + rows, encoding="utf-8")
    asked = [command, "web", "--trace", "days.csv", "--unserved", "99%", "--processes", "1"]

    assert run([*(asked if command == "tune" else asked[:4]), "--step", "1h", "--metric-lag", "1h"]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    assert "A replica is taken to start in 1h: 1m rounded up to whole steps of 1h (--step)." in shown
    assert "Traffic of every 1m is averaged over steps of 1h" in shown
    assert "the metric is taken" not in shown, "an hour is a whole step"


@pytest.mark.usefixtures("shop")
def test_start_ups_that_were_measured_are_found_behind_any_number_of_later_decisions(capsys):
    plan = PLAN.replace("    start_up: 60s\n", "    runs_on: {kind: processes, command: [x, '{port}']}\n")
    Path("plan.yaml").write_text(plan.replace("average: 7", "average: 7, signal: rps") + SIGNAL, encoding="utf-8")
    declared = load(Path("plan.yaml")).plan
    for event in measured_and_then_decided(datetime(2026, 3, 1, tzinfo=UTC)):
        run_async(lambda event=event: append_event(declared, event, base=Path(), environment={}))

    assert run(["simulate", "web", "--trace", "t.csv", "--no-curve"]) == 0

    assert "A replica starts in 42 s, the 90th percentile of 3 measured." in capsys.readouterr().out


SIGNAL = """
sources: {web: {kind: sqlite, path: load.sqlite}}
signals: {rps: {source: web, unit: rps, every: 1s, query: "SELECT 120 AS value"}}
"""


def measured_and_then_decided(at):
    """Give three start-ups of 42 s, and thirty decisions after them."""
    for number in range(3):
        detail = {"replica": f"web-{number}", "seconds": 42.0}
        yield Event(EventKind.START_UP, at, at + timedelta(seconds=42), at, "web", detail)
    for number in range(30):
        later = at + timedelta(minutes=number + 1)
        yield Event(EventKind.SCALING, later, later, later, "web", {"text": "1 -> 1"})


def test_a_trace_too_short_to_judge_a_policy_is_said_to_be_and_no_warm_up_of_nothing_is(shop: Path, capsys):
    rows = "".join(f"2026-03-01T00:00:{second:02},25\n" for second in range(20))
    (shop / "short.csv").write_text("time,rps\n" + rows, encoding="utf-8")

    assert run(["simulate", "web", "--trace", "short.csv", "--no-curve"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The trace is too short to judge a policy: the scored" in told
    assert "and a replica starts in 1m." in told
    assert "0 min" not in told

    assert run(["simulate", "web", "--trace", "t.csv", "--no-curve"]) == 0
    assert "too short" not in capsys.readouterr().out
