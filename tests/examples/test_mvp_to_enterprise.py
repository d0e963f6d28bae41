"""From MVP to enterprise: every phase has its goals, its scenario asks for them, and no share of a load proves one."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from outgrow.cli import run
from outgrow.decide.gates import gates_of
from outgrow.plan import Plan
from outgrow.wiring import read_plan
from tests.examples.conftest import EXAMPLES
from tests.servers.process import free_port

FOLDER = EXAMPLES / "mvp-to-enterprise"


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = read_plan(FOLDER / "plan.yaml")
    assert loaded.warnings == ()  # in particular: no goal lies above what its scenario asks for
    return loaded.plan


def test_every_phase_has_the_users_the_latency_and_the_availability_that_are_required(plan: Plan) -> None:
    assert plan.roadmap is not None
    goals: dict[str, dict[str, float]] = {}
    for phase in plan.roadmap.phases:
        assert phase.verify is not None
        found = {gate.text.split()[0]: gate.limit for gate in gates_of(plan, phase.verify.goals)}
        goals[phase.name] = {name: found[name] for name in ("concurrent_users", "p95", "availability")}

    # ME-1: users; latency halved and concurrency x10 in phase 1; 99.99 % from phase 2 on, 99.999 % in phase 5.
    assert [list(each.values()) for each in goals.values()] == [
        [1_000, 0.5, pytest.approx(0.999)],
        [10_000, 0.25, pytest.approx(0.999)],
        [100_000, 0.25, pytest.approx(0.9999)],
        [500_000, 0.25, pytest.approx(0.9999)],
        [1_000_000, 0.25, pytest.approx(0.9999)],
        [10_000_000, 0.25, pytest.approx(0.99999)],
    ]


@pytest.fixture
def served() -> Generator[str]:
    port = free_port()
    with subprocess.Popen([sys.executable, str(FOLDER / "serve.py"), "--port", str(port)]) as process:
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


def test_a_share_of_a_million_users_rehearses_the_phase_and_does_not_prove_it(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROFILE_URL", served)
    file = tmp_path / "plan.yaml"
    file.write_text((FOLDER / "plan.yaml").read_text())

    code = run(["verify", "phase-4", str(file), "--scale", "0.002", "--quiet", "--json"])

    proof = json.loads(capsys.readouterr().out)
    verdicts = {0: "rehearsed", 6: "not proven", 7: "generator too weak"}  # a busy machine may be slow or too weak
    assert proof["verdict"] == verdicts[code]
    (run_of_it,) = proof["scenarios"]
    assert (run_of_it["failed"], run_of_it["version"]["text"]) == (0, "mvp")
    users = next(each for each in proof["goals"] if each["text"].startswith("concurrent_users"))
    assert users["limit"] == 2_000
    assert users["text"].endswith("0.002 of it")
    run(["verify", "--list", "--json", str(file)])
    roadmap = json.loads(capsys.readouterr().out)
    assert {each["state"] for each in roadmap["phases"]} == {"never run"}
