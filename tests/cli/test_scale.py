"""`outgrow scale` from the plan to the exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outgrow.cli import run

PLAN = """
outgrow: 1
name: shop
sources:
  web: {kind: sqlite, path: load.sqlite}
signals:
  rps: {source: web, unit: rps, every: 1s, query: "SELECT 120 AS value"}
services:
  auth:
    decide_every: 1s
    runs_on: {kind: dry_run, start_up: 100ms}
    scaling:
      policy: hpa
      max: 5
      metrics: [{kind: external, name: rps, average: 50, signal: rps}]
  bare: {title: nothing to scale by}
  homeless:
    scaling:
      policy: hpa
      max: 5
      metrics: [{kind: external, name: rps, average: 50, signal: rps}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "load.sqlite").touch()
    return tmp_path


def test_one_decision_is_shown_with_its_reasons(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scale", "auth", str(folder / "plan.yaml"), "--once"]) == 0

    told = capsys.readouterr().out
    assert "decided 1 -> 3" in told
    assert "rps asks for 3" in told


def test_what_was_decided_is_decided_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = str(folder / "plan.yaml")
    run(["scale", "auth", plan, "--once"])
    run(["scale", "auth", plan, "--once"])
    capsys.readouterr()

    assert run(["scale", "auth", plan, "--replay"]) == 0
    assert "2 decisions of this policy in the journal, 0 differ" in capsys.readouterr().out

    run(["journal", "events", plan])
    told = capsys.readouterr().out
    assert "1 -> 3: done" in told


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["auht"], 2, 'did you mean "auth"?'),
        (["bare", "--once"], 2, "services.bare has no scaling"),
        (["homeless", "--once"], 2, "services.homeless has no runs_on"),
        (["homeless", "--down"], 2, "services.homeless has no runs_on"),
        (["auth", "--shadow", "--dry-run"], 2, "choose one"),
        (["auth", "--once", "--for", "1m"], 2, "choose one"),
    ],
)
def test_what_cannot_be_done_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    name, *options = arguments

    assert run(["scale", name, str(folder / "plan.yaml"), *options]) == code
    assert said in capsys.readouterr().err


def test_a_dry_run_needs_no_place_to_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scale", "homeless", str(folder / "plan.yaml"), "--once", "--dry-run"]) == 0
    assert "dry run" in capsys.readouterr().out


def test_sigterm_ends_the_loop_in_order_and_a_second_loop_is_refused(folder: Path) -> None:
    command = [sys.executable, "-m", "outgrow", "scale", "auth", "plan.yaml"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    loop = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert loop.stdout is not None
    first = loop.stdout.readline()

    second = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    begun = time.monotonic()
    loop.send_signal(signal.SIGTERM)
    rest = loop.communicate()[0]

    assert "1 -> 3: rps asks for 3; target" in first + rest
    assert second.returncode == 8
    assert "another outgrow scales auth" in second.stderr
    assert loop.returncode == 0
    assert time.monotonic() - begun < 60
