"""All-ERP: its policy table is as required, and its demo scales real processes up, to the maximum and down."""

import gzip
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from outgrow.autoscale.caps import pool_room
from outgrow.cli import run
from outgrow.decide.gates import gates_of
from outgrow.loadtest.course import timetable_of
from outgrow.plan import Plan
from outgrow.wiring import read_plan
from tests.examples.conftest import EXAMPLES
from tests.servers.process import free_port

FOLDER = EXAMPLES / "all-erp"


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = read_plan(FOLDER / "plan.yaml")
    assert loaded.warnings == ()
    return loaded.plan


def test_the_policy_table_is_as_required(plan: Plan) -> None:
    table = {
        name: (
            service.scaling.min,
            service.scaling.max,
            {
                metric.name: int(getattr(metric, "utilization", None) or metric.average or 0)
                for metric in service.scaling.metrics
            },
        )
        for name, service in plan.services.items()
        if service.scaling is not None
    }

    # AE-1.
    assert table == {
        "auth": (2, 10, {"cpu": 70, "rps": 500}),
        "system": (2, 5, {"cpu": 70}),
        "hr": (1, 5, {"cpu": 80}),
        "finance": (1, 5, {"cpu": 80}),
        "general": (1, 5, {"cpu": 80}),
        "web-admin": (2, 8, {"cpu": 60, "users": 500}),
        "ai-service": (2, 5, {"cpu": 70, "queue": 100}),
    }


def test_the_pools_have_room_for_every_maximum_and_for_no_more(plan: Plan) -> None:
    pooled = [service for service in plan.services.values() if service.pool and service.scaling]

    assert sum(service.scaling.max * service.pool.size for service in pooled if service.scaling and service.pool) == 350
    assert pool_room(plan.services, "auth") == 10  # AE-5: 438 connections, of which 80 % are 350
    smaller = plan.services["auth"].model_copy(
        update={"pool": plan.services["auth"].pool.model_copy(update={"max_connections": 437})}
        if plan.services["auth"].pool
        else {}
    )
    assert pool_room({**plan.services, "auth": smaller}, "auth") == 9


def test_the_levels_are_as_required(plan: Plan) -> None:
    figures = {
        name: tuple(each.text for each in (level.target, level.warning, level.danger))
        for name, level in plan.levels.items()
    }

    # AE-8.
    assert figures == {
        "cpu": ("50 %", "70 %", "85 %"),
        "memory": ("60 %", "80 %", "90 %"),
        "p95": ("300 ms", "500 ms", "1000 ms"),
        "errors": ("0.1 %", "0.5 %", "1 %"),
    }


def test_every_service_stands_behind_least_connections(plan: Plan) -> None:
    fronts = [getattr(service.runs_on, "behind", None) for service in plan.services.values()]

    assert [front.balance for front in fronts if front is not None] == ["least_conn"] * 7
    assert len({front.listen for front in fronts if front is not None}) == 7


# What one replica is taken to carry (requests/s, made up), and the share of the recorded traffic that its service gets.
REHEARSED = {
    "auth": (700, 1.0),
    "system": (400, 0.4),
    "hr": (200, 0.15),
    "finance": (200, 0.15),
    "general": (200, 0.15),
    "web-admin": (400, 0.6),
    "ai-service": (300, 0.25),
}


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first two days of the recorded traffic that the examples bring."""
    rows = gzip.decompress((EXAMPLES / "rehearse-a-policy" / "llm-requests.csv.gz").read_bytes()).decode().splitlines()
    file = tmp_path_factory.mktemp("trace") / "two-days.csv"
    file.write_text("\n".join(rows[: 1 + 2 * 144]))
    return file


def rehearsed(
    service: str, trace: Path, capsys: pytest.CaptureFixture[str], times: float = 1.0
) -> tuple[dict[str, Any], list[str], float | None]:
    """Give how many replicas a service's policy ordered, what was left out of it, and the bill with spot."""
    capacity, share = REHEARSED[service]
    given = ["--capacity", str(capacity), "--scale", str(share * times), "--start-up", "1m", "--step", "1m"]
    asked = ["simulate", service, str(FOLDER / "plan.yaml"), "--trace", str(trace), *given, "--warm-up", "1h", "--json"]
    assert run(asked) == 0
    found = json.loads(capsys.readouterr().out)
    return found["rows"][0]["replicas"], found["rows"][0]["left_out"], found["cost_on_spot"]


@pytest.mark.parametrize("service", REHEARSED)
def test_each_policy_stays_within_its_bounds_and_says_when_its_maximum_is_reached(
    plan: Plan, service: str, two_days: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = plan.services[service].scaling
    assert policy is not None

    usual, left_out, spot = rehearsed(service, two_days, capsys)
    busy, _, _ = rehearsed(service, two_days, capsys, times=20)
    idle, _, _ = rehearsed(service, two_days, capsys, times=0.001)

    assert usual["bounds"] == [policy.min, policy.max]
    assert policy.min <= usual["lowest"] < usual["highest"] <= policy.max
    assert (busy["highest"], busy["at_maximum_seconds"] > 86_400) == (policy.max, True)
    assert idle["lowest"] == policy.min  # AE-9: never under the minimum
    assert (spot is not None) == (service in {"hr", "finance", "general"})
    # Requests say nothing of users and queues.
    assert [each.split()[1] for each in left_out] == {"web-admin": ["users"], "ai-service": ["queue"]}.get(service, [])


def test_an_overload_is_told_in_words_and_so_is_what_spot_would_save(
    two_days: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = ["--trace", str(two_days), "--start-up", "1m", "--step", "1m", "--warm-up", "1h", "--no-curve"]

    assert run(["simulate", "hr", str(FOLDER / "plan.yaml"), *trace, "--capacity", "200", "--scale", "3"]) == 0

    told = " ".join(capsys.readouterr().out.split())
    assert re.search(r"Warning: the maximum of 5 replicas was reached, for \d d", told)
    found = re.search(
        r"All on demand that costs ([\d.]+); with everything above the minimum of 1 on spot ([\d.]+)", told
    )
    assert found is not None
    whole, mixed = map(float, found.groups())
    assert 0 < 1 - mixed / whole < 0.7  # no more than the price's 70 %, for the minimum stays on demand


def test_the_validation_says_how_many_connections_are_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "plan.yaml"
    few.write_text((FOLDER / "plan.yaml").read_text().replace("max_connections: 438", "max_connections: 400"))

    assert run(["validate", str(FOLDER / "plan.yaml")]) == 0
    fits = capsys.readouterr()
    assert run(["validate", str(few), "--strict"]) == 2
    warned = capsys.readouterr().err

    assert "350 connections with every service at its maximum, so max_connections has to be 438 or more" in fits.out
    assert fits.err == ""
    assert "400 connections of erp are too few" in warned
    assert "allow at least 438" in warned


def test_the_monthly_load_test_has_the_course_that_is_required(plan: Plan) -> None:
    scenario = plan.scenarios["monthly"]
    course = timetable_of(scenario, FOLDER)

    # AE-7: 100 a second after two minutes, 500 at once and for five, nothing at the end.
    assert course.seconds == 540
    assert [round(course.rate.at(at)) for at in (0, 60, 119.99, 120.01, 300, 419.99, 480)] == [
        0, 50, 100, 500, 500, 500, 250,
    ]  # fmt: skip
    assert [gate.text for gate in gates_of(plan, scenario.thresholds)] == ["p95 < 500 ms", "errors < 1 %"]


@pytest.fixture
def auth(tmp_path: Path) -> Generator[str]:
    """One replica of auth, as the plan starts it."""
    port = free_port()
    command = [sys.executable, "-m", "erp.service", "--service", "auth", "--port", str(port)]
    environment = {**os.environ, "ERP_DATABASE": str(tmp_path / "erp.sqlite")}
    with subprocess.Popen(command, cwd=FOLDER, env=environment) as process:
        try:
            deadline = time.monotonic() + 30
            while not _answers(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_monthly_load_test_runs_small_against_a_real_replica(
    auth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FOLDER / "plan.yaml").read_text()
    for whole, small in (
        ("ramp: 100, over: 2m", "ramp: 10, over: 1s"),
        ("500, hold: 5m", "50, hold: 3s"),
        ("2m", "1s"),
    ):
        assert whole in text
        text = text.replace(whole, small)
    (tmp_path / "plan.yaml").write_text(text.replace("${ERP_URL:-http://127.0.0.1:21900}", auth))

    code = run(["load", "monthly", str(tmp_path / "plan.yaml"), "--quiet", "--json", "--no-journal"])

    found = json.loads(capsys.readouterr().out)
    assert code in {0, 6, 7}  # a busy machine may be slow or too weak, and says so
    assert found["whole"]["outcomes"] == {"done": 180}  # 5 + 150 + 25
    with closing(sqlite3.connect(tmp_path / "erp.sqlite")) as database:
        slow, failed, memory = database.execute("SELECT max(p95_ms), sum(failed), max(memory) FROM health").fetchone()
    assert slow > 0
    assert failed == 0
    assert 2**20 < memory < 2**34  # of the tests' own process, in which this replica is served
    p95, errors = found["thresholds"]
    assert (p95["limit"], p95["verdict"] == "passed") == (0.5, p95["value"] < 0.5)
    assert (errors["value"], errors["verdict"]) == (0.0, "passed")


def test_k6s_own_stages_mean_something_else_and_the_import_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["load", "import", str(FOLDER / "k6-options.json"), "--target", "http://127.0.0.1:21900"]) == 0

    told = capsys.readouterr().out
    found = yaml.safe_load(told)["scenarios"]["imported"]
    assert found["executor"] == "ramping-vus"
    assert found["stages"][1:] == [{"ramp": 100, "over": "2m"}, {"ramp": 500, "over": "5m"}, {"ramp": 0, "over": "2m"}]
    assert "k6's stages ramp users, who wait for their answers" in " ".join(told.replace("#", " ").split())


def test_the_demo_scales_up_to_the_maximum_and_down_again_and_loses_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "demo.py"), "--hold", "4s", "--keep", str(tmp_path)],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    told = done.stdout
    assert done.returncode == 0, told + done.stderr
    ups = re.findall(r"auth (\d) -> (\d): rps asks", told)
    assert any(after > before for before, after in ups)
    assert any(after < before for before, after in ups)
    assert "the maximum of 4 is reached" in told
    assert re.search(r"^all +([\d,]+) +\1 +0 ", told, re.MULTILINE), told
    assert " 0 differ" in told
    assert "no replica is left" in told
    # AE-10: the log of scaling events, with counts and with the maximum that was reached.
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite"))
    assert run(["journal", "events", str(tmp_path / "plan.yaml")]) == 0
    events = capsys.readouterr().out
    assert re.search(r"^scaling .* auth +\d -> 4 \(maximum\)", events, re.MULTILINE)
    assert re.search(r"^scaling .* auth +\d -> 1 ", events, re.MULTILINE)
