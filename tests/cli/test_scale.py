"""`outgrow scale` from the plan to the exit code."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outgrow.api import append_event
from outgrow.cli import run
from outgrow.cli.common import load, run_async
from outgrow.facts.decisions import Event, EventKind

PLAN = """
outgrow: 1
name: shop
timezone: Asia/Seoul
sources:
  web: {kind: sqlite, path: load.sqlite}
signals:
  rps: {source: web, unit: rps, every: 1s, query: "SELECT 120 AS value"}
  lost: {source: web, unit: rps, every: 1s, query: "SELECT value FROM gone"}
  cpu: {source: web, unit: percent, every: 1s, query: "SELECT 95 AS value"}
services:
  auth:
    decide_every: 1s
    runs_on: {kind: dry_run, start_up: 100ms}
    scaling:
      policy: hpa
      max: 5
      metrics: [{kind: external, name: rps, average: 50, signal: rps}]
  bare: {title: nothing to scale by}
  blind:
    decide_every: 1s
    runs_on: {kind: dry_run}
    scaling:
      policy: hpa
      max: 5
      metrics:
        - {kind: external, name: rps, average: 50, signal: rps}
        - {kind: external, name: lost, average: 50, signal: lost}
  busy:
    scaling:
      policy: hpa
      max: 5
      metrics: [{kind: resource, name: cpu, utilization: 50, signal: cpu}]
  homeless:
    scaling:
      policy: hpa
      max: 5
      metrics: [{kind: external, name: rps, average: 50, signal: rps}]
"""


NOBODY = """
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: x}}]
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
    assert "start-up 100ms" in told, "what a dry run imagines is known, and not measured"


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


@pytest.mark.parametrize("mode", [[], ["--dry-run"], ["--shadow"]])
def test_one_decision_on_a_failed_measurement_is_told_and_ends_with_its_class(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: list[str]
) -> None:
    assert run(["scale", "blind", str(folder / "plan.yaml"), "--once", *mode]) == 3

    told = capsys.readouterr().out
    assert "decided 1 -> 3" in told
    assert "not read, so nothing goes down: lost: no such table" in told


def test_a_dry_run_reads_the_cpu_of_replicas_that_it_imagines_to_have_run_before(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scale", "busy", str(folder / "plan.yaml"), "--once", "--dry-run"]) == 0

    assert "decided 1 -> 2" in capsys.readouterr().out


@pytest.mark.parametrize(("mode", "said"), [([], "nothing was decided"), (["--dry-run"], "minimum of 1 is imagined")])
def test_replicas_that_cannot_be_looked_at_are_said_and_no_older_decision_is_shown_as_todays(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: list[str], said: str
) -> None:
    plan = folder / "plan.yaml"
    assert run(["scale", "auth", str(plan), "--once"]) == 0
    (folder / "nobody").write_text(NOBODY)
    kubernetes = "runs_on: {kind: kubernetes, workload: deployment/auth, namespace: shop, kubeconfig: nobody}"
    plan.write_text(PLAN.replace("runs_on: {kind: dry_run, start_up: 100ms}", kubernetes))
    capsys.readouterr()

    assert run(["scale", "auth", str(plan), "--once", *mode]) == 3

    told = capsys.readouterr().out
    assert said in told
    assert "nothing listens there" in told
    assert ("decided 1 -> 3" in told) == bool(mode)


def test_imagined_replicas_take_as_long_to_start_as_was_measured_of_real_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = folder / "plan.yaml"
    now = datetime.now(UTC)
    measured = Event(EventKind.START_UP, now, now, now, "homeless", {"replica": "homeless-1", "seconds": 600.0})
    run_async(lambda: append_event(load(plan).plan, measured, base=folder, environment={}))

    assert run(["scale", "homeless", str(plan), "--once", "--dry-run"]) == 0

    assert "1 ready of 3 ordered" in capsys.readouterr().out


def test_that_the_maximum_is_reached_stands_in_the_journal_though_nothing_changed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, began = folder / "plan.yaml", datetime(2026, 11, 20, tzinfo=UTC)
    decisions = [(2, "target"), (4, "maximum"), (4, "maximum"), (4, "tolerance"), (4, "maximum")]
    for number, (current, rule) in enumerate(decisions):
        at = began + timedelta(minutes=number)
        detail = {"text": f"{current} -> 4 ({rule})", "decision": {"current": current, "desired": 4, "rule": rule}}
        event = Event(EventKind.SCALING, at, at, at, "auth", detail)
        run_async(lambda event=event: append_event(load(plan).plan, event, base=folder, environment={}))

    assert run(["journal", "events", str(plan), "--from", "2026-11-01"]) == 0

    told = capsys.readouterr().out
    assert told.count("2 -> 4 (target)") == 1
    assert told.count("4 -> 4 (maximum)") == 2
    assert "4 -> 4 (tolerance)" not in told


def test_every_time_is_in_the_plans_zone_with_its_offset(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = str(folder / "plan.yaml")
    for options in (
        ["scale", "auth", plan, "--for", "1s"],
        ["scale", "auth", plan, "--replay"],
        ["journal", "events", plan],
    ):
        assert run(options) == 0
        told = [line for line in capsys.readouterr().out.splitlines() if "1 -> 3" in line]
        assert told
        assert all("+09:00" in line for line in told)


def test_no_time_in_the_journal_is_cut_in_a_narrow_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = str(folder / "plan.yaml")
    run(["scale", "auth", plan, "--once"])
    run(["mark", "load-test", plan, "--from", "-10m", "--to", "now"])
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "60")

    assert run(["journal", "events", plan]) == 0

    told = capsys.readouterr().out
    assert "…" not in told
    assert told.count("+09:00") == 3


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_journals_sentences_stay_readable_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch, width: int, language: str
) -> None:
    plan, noon = str(folder / "plan.yaml"), datetime(2026, 11, 20, 12, tzinfo=UTC)
    detail = {"text": "3 arrivals to 127.0.0.1:80", "scenario": "peak"}
    noted = Event(EventKind.LOAD_TEST, noon, noon + timedelta(minutes=63), noon, "checkout-service", detail)
    run_async(lambda: append_event(load(folder / "plan.yaml").plan, noted, base=folder, environment={}))
    monkeypatch.setenv("COLUMNS", str(width))

    assert run(["journal", "events", plan, "--from", "2026-11-01", "--lang", language]) == 0

    told = capsys.readouterr().out
    assert all(each in told for each in ("checkout-service", "127.0.0.1:80", "2026-11-20T21:00:00+09:00"))
    assert all(len(line) <= width for line in told.splitlines())


def test_whoever_looks_for_scaling_among_verdicts_is_told_where_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = str(folder / "plan.yaml")
    run(["scale", "homeless", plan, "--once", "--dry-run"])
    capsys.readouterr()

    for what in ("decisions", "replay"):
        assert run(["journal", what, plan]) == 0
        assert "outgrow journal events lists those that changed a number" in capsys.readouterr().out

    assert run(["journal", "events", plan]) == 0
    assert "dry run: 1 -> 3: done" in capsys.readouterr().out


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
