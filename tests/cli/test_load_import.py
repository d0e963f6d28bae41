"""`outgrow load import`: what other generators wrote becomes a run, whatever else it may look like."""

import json
from pathlib import Path

import pytest

from outgrow.cli import run

RECORDED = Path(__file__).parents[1] / "loadtest" / "recorded"


@pytest.mark.parametrize(
    ("name", "arrivals", "requests"),
    [
        ("k6_points.json", 32, 42),
        ("k6_points.csv", 32, 42),
        ("k6_summary_export.json", 32, 42),
        ("k6_handle_summary.json", 32, 42),
        ("vegeta_results.json", 16, 16),
        ("vegeta_results.csv", 16, 16),
        ("vegeta_report.json", 16, 16),
    ],
)
def test_a_real_result_becomes_a_run_and_no_plan(tmp_path, capsys, name, arrivals, requests):
    file = tmp_path / "run.json"

    code = run(["load", "import", str(RECORDED / name), "--name", "peak", "-o", str(file)])

    assert code == 0, capsys.readouterr().err
    kept = json.loads(file.read_text())
    assert kept["scenario"] == "peak"
    assert sum(kept["iterations"]["outcomes"].values()) == arrivals
    assert sum(kept["whole"]["outcomes"].values()) == requests
    table = capsys.readouterr().out.partition("Check")[0]
    assert "not told by step {" not in table  # it has checks and no requests


def test_what_vegeta_attack_wrote_is_told_how_to_become_text(capsys):
    assert run(["load", "import", str(RECORDED / "vegeta_attack.bin")]) == 2

    assert "becomes text by vegeta encode --to json" in capsys.readouterr().err


PLAN = """
outgrow: 1
name: shop
scenarios:
  peak: {target: "http://127.0.0.1", target_rps: 15, duration: 2s, steps: [{name: farm-list, tags: {kind: read}}]}
roadmap:
  current: optimise
  phases:
    - name: optimise
      verify:
        scenarios: [peak]
        goals: {{GOALS}}
"""


@pytest.mark.parametrize(
    ("goals", "code"),
    [
        ("p95: 1 s, errors: 50 %, dropped: 10, checks: [rate>0.5]", 0),
        ('"http_req_duration{kind:read}": ["p(95)<100"], errors: 50 %, dropped: 10, checks: [rate>0.5]', 0),
        ('"http_req_duration{kind:read}": ["p(95)<10"], errors: 50 %, dropped: 10, checks: [rate>0.5]', 6),
        ("p95: 1 s, errors: 1 %, dropped: 10, checks: [rate>0.5]", 6),
        ("p95: 1 s, errors: 50 %, dropped: 0, checks: [rate>0.5]", 6),
        ("p95: 1 s, errors: 50 %, checks: [rate>0.5]", 6),
        ("p95: 1 s, errors: 50 %, dropped: 10, checks: [rate>0.9]", 6),
        ("p95: 1 s, errors: 50 %, dropped: 10", 6),
    ],
)
@pytest.mark.parametrize("name", ["k6_points.json", "k6_points.csv"])
def test_a_phase_is_proven_by_what_k6_wrote_only_where_its_goals_were_kept(tmp_path, capsys, name, goals, code):
    plan, file = tmp_path / "plan.yaml", tmp_path / "run.json"
    plan.write_text(PLAN.replace("{GOALS}", goals))
    assert run(["load", "import", str(RECORDED / name), "--name", "peak", "-o", str(file)]) == 0

    assert run(["verify", "optimise", str(plan), "--from", str(file)]) == code, capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("k6_points.json", "The target kept up, but 22.86 % of the requests failed"),
        ("k6_summary_export.json", "The target kept up, but 22.86 % of the requests failed"),
        ("vegeta_report.json", "The target kept up, but 87.5 % of the requests failed"),
    ],
)
def test_a_report_of_another_generators_run_claims_nothing_that_its_file_does_not_say(tmp_path, name, says):
    file, page, junit = (tmp_path / each for each in ("run.json", "run.html", "run.xml"))
    run(["load", "import", str(RECORDED / name), "-o", str(file)])

    assert run(["load", "report", str(file), "--html", str(page), "--junit", str(junit)]) == 0

    text = page.read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert says in text
    assert "which does not say whether it kept its schedule" in text
    assert "It kept its schedule" not in text
    assert "closed model" not in text
    assert "count from the moment a request was due" not in text
    assert "1 Jan" not in text
    assert "kept its schedule" not in junit.read_text()
    assert "failures" in junit.read_text()


def test_a_plan_that_is_there_is_overwritten_only_when_asked(tmp_path, capsys):
    line, plan = tmp_path / "line.txt", tmp_path / "plan.yaml"
    line.write_text("curl --retry 3 http://127.0.0.1/farms")
    plan.write_text("mine")

    assert run(["load", "import", str(line), "-o", str(plan)]) == 2
    assert plan.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run(["load", "import", str(line), "-o", str(plan), "--force"]) == 0
    assert plan.read_text().startswith("# --retry of the line is left out")
    assert "told at its head (1)" in capsys.readouterr().err
