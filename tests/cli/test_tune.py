"""`outgrow tune` as a user meets it: what the plan has is searched, and what is found may be pasted back."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from outgrow.cli import run

AROUND: dict[str, Any] = {
    "min": 1,
    "max": 20,
    "schedules": [{"title": "lunch", "start": "0 11 * * *", "span": "2h", "min": 6}],
    "caps": {"budget_per_month": 900.5, "pace": "even"},
    "pause": "in",
}
CPU = {"kind": "resource", "name": "cpu", "utilization": 60}
MEMORY = {"kind": "resource", "name": "memory", "utilization": 80}
IN_ALL = {"kind": "external", "name": "rps", "signal": "load", "average": 7.5}
SLOWLY = {"down": {"window": "10m", "rates": [{"pods": 2, "per": "1m"}]}}
POLICIES: dict[str, dict[str, Any]] = {
    "hpa": {"policy": "hpa", "min": 2, "max": 20, "metrics": [CPU], "controller": {"tolerance": 0.05}},
    "hpa of several metrics": {"policy": "hpa", "max": 20, "metrics": [CPU, MEMORY, IN_ALL], "behavior": SLOWLY},
    "hpa within limits": {**AROUND, "policy": "hpa", "metrics": [IN_ALL]},
    "keda": {
        "policy": "keda",
        "min": 0,
        "max": 20,
        "triggers": [{"name": "queue", "average": 7, "activation": 25}],
        "behavior": SLOWLY,
    },
    "keda within limits": {**AROUND, "policy": "keda", "triggers": [{"name": "a", "average": 7}]},
    "keda with a formula": {
        "policy": "keda",
        "max": 20,
        "triggers": [{"name": "a", "average": 7}, {"name": "b", "average": 9}],
        "combine": {"formula": "max(a, b) + 5", "average": 8},
    },
    "predictive": {"policy": "predictive", "max": 20, "fallback_utilization": 60, "metrics": [MEMORY]},
    "predictive within limits": {**AROUND, "policy": "predictive"},
}
ASKED = ["--trace", "days.csv", "--level-steps", "--step", "1h", "--processes", "1", "--json"]


def plan(scaling: dict[str, Any] | None, **service: Any) -> dict[str, Any]:
    web = {"capacity": 10, "start_up": "60s", "price_per_hour": 0.1, "load": "load", **service}
    return {
        "outgrow": 1,
        "name": "shop",
        "timezone": "Asia/Seoul",
        "sources": {"prom": {"kind": "prometheus", "url": "http://127.0.0.1:9"}},
        "signals": {"load": {"source": "prom", "unit": "rps", "every": "1m", "query": "sum(rate(requests[1m]))"}},
        "services": {"web": {key: value for key, value in web.items() if value is not None} | _if_any(scaling)},
    }


def _if_any(scaling: dict[str, Any] | None) -> dict[str, Any]:
    return {} if scaling is None else {"scaling": scaling}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{hour * 3600},{20 + 70 * (hour % 24 > 8) + hour % 5}\n" for hour in range(24 * 6))
    (tmp_path / "days.csv").write_text("time,rps\n" + rows, encoding="utf-8")
    return tmp_path


def write(folder: Path, document: dict[str, Any]) -> None:
    (folder / "plan.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def pasted(document: dict[str, Any], snippet: str) -> dict[str, Any]:
    """Paste as a person does it: what the snippet has of the service takes the place of what was there."""
    found = yaml.safe_load(snippet)["services"]["web"]
    return document | {"services": {"web": document["services"]["web"] | found}}


@pytest.mark.parametrize("name", POLICIES)
def test_the_snippet_validates_in_the_plan_and_has_the_score_that_it_was_chosen_for(folder, capsys, name):
    document = plan(POLICIES[name])
    write(folder, document)
    assert run(["tune", "web", *ASKED, "--unserved", "60%"]) == 0
    found = json.loads(capsys.readouterr().out)

    write(folder, pasted(document, found["snippet"]))

    assert run(["validate"]) == 0
    capsys.readouterr()
    assert run(["simulate", "web", *ASKED[:5], "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["score"]["unserved"] == found["chosen"]["unserved"]
    assert row["score"]["cost_ratio"] == found["chosen"]["cost_ratio"]


@pytest.mark.parametrize("name", POLICIES)
def test_the_plans_own_policy_is_among_those_tried_and_its_limits_hold_for_all(folder, capsys, name):
    own = POLICIES[name]
    write(folder, plan(own))
    assert run(["simulate", "web", *ASKED[:5], "--json"]) == 0
    score = json.loads(capsys.readouterr().out)["rows"][0]["score"]

    assert run(["tune", "web", *ASKED, "--unserved", "60%"]) == 0
    found = json.loads(capsys.readouterr().out)

    first, *others = found["tried"]
    assert first["name"] == "as in the plan"
    assert (first["unserved"], first["cost_ratio"]) == (score["unserved"], score["cost_ratio"])
    assert len(others) >= 20
    for each in found["tried"]:
        for part in ("schedules", "pause", "controller", "fallback_utilization"):
            assert (part in each["policy"]) == (part in own)
        assert ("caps" in each["policy"]) == ("caps" in own)
        assert [metric["name"] for metric in each["policy"].get("metrics", [])] == [
            metric["name"] for metric in own.get("metrics", [])
        ]
    said = " ".join(found["notes"])
    assert ("hold for every policy" in said) == ("caps" in own)
    assert ("metric memory is left out" in said) == (MEMORY in own.get("metrics", []))


def test_kinds_that_the_plan_has_not_may_be_searched_beside_it(folder, capsys):
    write(folder, plan(POLICIES["hpa within limits"]))
    assert run(["tune", "web", *ASKED, "--policy", "hpa", "--policy", "keda", "--policy", "predictive"]) == 0
    found = json.loads(capsys.readouterr().out)
    kinds = {each["name"].split(",")[0] for each in found["tried"]}
    assert kinds >= {"as in the plan", "70 % of rps", "KEDA", "predictive"}
    assert all(each["policy"]["pause"] == "in" for each in found["tried"])


@pytest.mark.parametrize(("kind", "part"), [("hpa", "metrics"), ("keda", "triggers")])
def test_a_policy_made_for_a_service_without_one_reads_the_requests_in_all_off_its_load(folder, capsys, kind, part):
    document = plan(None, runs_on={"kind": "dry_run"})
    write(folder, document)
    assert run(["tune", "web", *ASKED, "--policy", kind, "--unserved", "60%"]) == 0
    found = json.loads(capsys.readouterr().out)
    write(folder, pasted(document, found["snippet"]))

    assert run(["validate"]) == 0

    (metric,) = yaml.safe_load(found["snippet"])["services"]["web"]["scaling"][part]
    warned = "names no signal" in capsys.readouterr().err
    assert (metric.get("signal") == "load") == (not warned)
    assert metric.get("signal") == (None if metric.get("kind") == "pods" else "load")


def test_a_forecast_that_is_found_asks_for_the_load_that_the_plan_does_not_name(folder, capsys):
    document = plan(None, load=None)
    write(folder, document)
    assert run(["tune", "web", *ASKED, "--policy", "predictive", "--unserved", "60%"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert yaml.safe_load(found["snippet"])["services"]["web"]["load"] == "NAME-THE-SIGNAL-OF-REQUESTS"
    write(folder, pasted(document, found["snippet"]))
    assert run(["validate"]) == 2
    assert "NAME-THE-SIGNAL-OF-REQUESTS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        ({**POLICIES["hpa"], "pause": "all"}, "scaling is paused in the plan (pause: all)"),
        ({**POLICIES["hpa"], "pause": 3}, "pause: 3"),
        ({**POLICIES["hpa"], "metrics": [MEMORY]}, "recorded requests say nothing about"),
        ({"policy": "keda", "max": 9, "triggers": [{"name": "a", "value": 5}]}, "write average for value"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(folder, capsys, scaling, message):
    write(folder, plan(scaling))
    assert run(["tune", "web", *ASKED]) == 2
    assert message in capsys.readouterr().err
