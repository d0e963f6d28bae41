"""`outgrow load` whose terminal or reader goes away: the result is kept, and the exit code says what came of it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.cli.test_load import plan_in, shop

__all__ = ["shop"]

LONG = "target_rps: 50\n    duration: 1h"
BROKEN = "target_rps: 50\n    duration: 1200ms\n    thresholds: {http_reqs: [count>999999]}"


def started(plan, *options, **how):
    command = [sys.executable, "-m", "outgrow", "load", "peak", plan, *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PYTHONUNBUFFERED", None)  # what is held back until the end must not change the exit code
    return subprocess.Popen(command, env=environment, **how)


def test_a_closed_terminal_ends_the_run_with_its_result_and_its_span(tmp_path, shop):
    plan, file = plan_in(tmp_path, shop, LONG), tmp_path / "result.json"
    child = started(
        plan,
        *("-o", str(file)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # these tests may themselves run under nohup
    )
    assert child.stderr is not None
    assert child.stdout is not None
    child.stderr.readline()  # it runs
    child.stderr.close()
    child.stdout.close()

    child.send_signal(signal.SIGHUP)

    assert child.wait(30) == 130
    assert json.loads(file.read_text())["interrupted"] is True
    assert (tmp_path / "outgrow.journal.sqlite").exists()


def test_a_run_that_was_told_to_outlive_its_terminal_does(tmp_path, shop):
    plan, file = plan_in(tmp_path, shop, "target_rps: 50\n    duration: 2500ms"), tmp_path / "result.json"
    child = started(
        plan,
        *("-o", str(file), "--no-journal"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert child.stderr is not None
    child.stderr.readline()
    child.send_signal(signal.SIGHUP)
    child.communicate(timeout=30)

    assert json.loads(file.read_text())["interrupted"] is False


@pytest.mark.parametrize("options", [(), ("--json",), ("--quiet",)])
def test_a_broken_threshold_is_told_by_the_exit_code_though_nobody_reads(tmp_path, shop, options):
    plan, file = plan_in(tmp_path, shop, BROKEN), tmp_path / "seconds.csv"
    child = started(plan, "--csv", str(file), *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for each in (child.stdout, child.stderr):
        assert each is not None
        each.close()

    assert child.wait(30) in {6, 7}  # a busy machine may be too weak, and says so
    assert file.exists()
    assert (tmp_path / "outgrow.journal.sqlite").exists()


def test_a_result_that_cannot_be_written_is_shown_all_the_same(tmp_path, shop):
    plan = plan_in(tmp_path, shop)
    child = started(plan, "-o", "/dev/full", "-q", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    out, err = child.communicate(timeout=30)

    assert child.returncode == 2
    assert "peak: 20 arrivals" in out
    assert "/dev/full: cannot be written" in err
