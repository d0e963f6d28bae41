"""The command line: exit codes by class, plain output when piped, help that tells the truth."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from outgrow.cli import COMMANDS, cli, run
from outgrow.errors import ExitCode
from tests.control.service import PLAN
from tools import reference_commands

GRADED = PLAN.replace("above: 800 ms, for: 30m", "above: 800 ms, for: 10m")


def write_service(folder: Path, latency: float) -> Path:
    """Write a plan and its database, with turns up to this very moment."""
    now = datetime.now(UTC)
    with sqlite3.connect(folder / "service.sqlite") as database:
        database.execute("CREATE TABLE turns (at TEXT, ms REAL)")
        rows = [(f"{now - timedelta(minutes=n):%Y-%m-%d %H:%M:%S}", latency) for n in range(-2, 600)]
        database.executemany("INSERT INTO turns VALUES (?, ?)", rows)
    database.close()
    plan = folder / "plan.yaml"
    plan.write_text(GRADED)
    return plan


@dataclass(frozen=True)
class Done:
    """What a command ended with."""

    returncode: int
    stdout: str
    stderr: str


Outgrow = Callable[..., Done]


@pytest.fixture
def outgrow(capsys: pytest.CaptureFixture[str]) -> Outgrow:
    """Run a command in this process, as the console script does."""

    def command(*words: str) -> Done:
        code = run(words)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Done(code, captured.out, captured.err)

    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    first = (command.help or "").split("\n\n")[0].replace("\n", " ").rstrip(".")
    assert first.startswith(COMMANDS[name][1].rstrip(".")), (first, COMMANDS[name][1])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_meaning(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert all(option.help for option in options)


def test_the_reference_page_is_up_to_date() -> None:
    assert reference_commands.PAGE.read_text(encoding="utf-8") == reference_commands.page()


def test_a_verdict_never_changes_the_exit_code_unless_asked(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    assert outgrow("check", str(plan), "--history", "0s").returncode == ExitCode.DONE
    assert outgrow("check", str(plan), "--history", "0s", "--fail-on", "recommended").returncode == ExitCode.VERDICT
    assert outgrow("check", str(plan), "--history", "0s", "--fail-on", "urgent").returncode == ExitCode.DONE


def test_unknown_has_a_code_of_its_own_and_wins_over_a_failed_source(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(GRADED)  # and no database
    checked = outgrow("check", str(plan), "--no-journal")
    assert checked.returncode == ExitCode.SOURCE
    assert "Measured 0 of 1 signal from 1 source in" in checked.stdout
    failing = outgrow("check", str(plan), "--no-journal", "--fail-on", "required")
    assert failing.returncode == ExitCode.UNKNOWN
    assert "service.sqlite" in failing.stdout


def test_piped_output_has_no_colour_and_json_is_whole(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    text = outgrow("check", str(plan), "--evidence")
    document = json.loads(outgrow("check", str(plan), "--json").stdout)
    assert "\x1b[" not in text.stdout
    assert document["schema"] == "outgrow.check/1"
    assert document["checkpoints"][0]["grade"] == "required"
    assert document["checkpoints"][0]["conditions"][0]["state"] == "held"


def test_korean_output_is_korean(tmp_path: Path, outgrow: Outgrow, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = write_service(tmp_path, latency=900)
    monkeypatch.setenv("OUTGROW_LANG", "ko")
    assert "필수" in outgrow("check", str(plan)).stdout


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "outgrow", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("outgrow, version")


def test_explain_says_what_would_change_the_verdict(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    done = outgrow("explain", "split", str(plan))
    assert done.returncode == 0
    assert "no longer required, if A falls below 800 ms" in done.stdout


def test_a_backtest_says_when_the_verdict_would_have_changed(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    done = outgrow("backtest", str(plan), "--from", "-3h", "--json")
    grades = [each["grade"] for each in json.loads(done.stdout)["checkpoints"]["split"]]
    assert done.returncode == 0
    assert grades == ["required"]


def test_a_backtest_beyond_its_budget_is_refused_and_names_a_step(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    done = outgrow("backtest", str(plan), "--from", "-300d", "--budget", "10ms")
    assert done.returncode == ExitCode.REFUSED
    assert "--step" in done.stderr


def test_marked_spans_and_decisions_are_remembered_and_replay(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    assert outgrow("check", str(plan)).returncode == 0
    assert outgrow("mark", "deployment", str(plan), "--from", "-1d", "--to", "-23h", "--text", "v2").returncode == 0
    assert "v2" in outgrow("journal", "events", str(plan)).stdout
    assert "required" in outgrow("journal", "decisions", str(plan)).stdout
    replay = outgrow("journal", "replay", str(plan))
    assert replay.returncode == 0
    assert "1 of 1 decisions replay" in replay.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["chekc"], ExitCode.USAGE, 'did you mean "check"?'),
        (["check", "--fail-on", "soon"], ExitCode.USAGE, "soon"),
        (["check", "absent.yaml"], ExitCode.USAGE, "outgrow init"),
        (["backtest", "--from", "yesterday"], ExitCode.USAGE, "2026-11-20"),
        (["explain", "nothing"], ExitCode.USAGE, ""),
    ],
)
def test_a_wrong_command_line_is_told_in_one_message(
    words: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outgrow: Outgrow
) -> None:
    monkeypatch.chdir(tmp_path)
    done = outgrow(*words)
    assert done.returncode == code
    assert says in done.stderr


def test_a_plan_is_tested_by_its_own_tests(tmp_path: Path, outgrow: Outgrow) -> None:
    plan = write_service(tmp_path, latency=900)
    tests = plan.with_suffix(".test.yaml")
    tests.write_text(
        "plan: plan.yaml\n"
        "tests:\n"
        "  - name: slow for long enough\n"
        "    signals: {latency: 500x30 900x31}\n"
        "    expect:\n"
        "      - {at: 1h, checkpoint: split, grade: GRADE}\n".replace("GRADE", "required")
    )
    passing = outgrow("test", str(tmp_path), "--junit", str(tmp_path / "junit.xml"))
    tests.write_text(tests.read_text().replace("required", "clear"))
    failing = outgrow("test", str(tests), "--tap")
    assert passing.returncode == ExitCode.DONE, passing
    assert 'failures="0"' in (tmp_path / "junit.xml").read_text()
    assert failing.returncode == ExitCode.NOT_PROVEN
    assert "not ok 1 - slow for long enough" in failing.stdout


def test_demand_gives_the_figures_of_a_hundred_thousand_users(outgrow: Outgrow) -> None:
    done = outgrow("demand", "--mau", "100000", "--dau", "30000")
    wrong = outgrow("demand", "--mau", "100000", "--concurrent-share", "10-5%")
    assert "3,000 – 5,100 users" in done.stdout
    assert wrong.returncode == ExitCode.USAGE


def test_a_mark_tells_its_times_in_the_zone_of_the_plan(outgrow: Outgrow, tmp_path: Path) -> None:
    plan = write_service(tmp_path, 300)
    begun = outgrow("mark", "deployment", plan.as_posix(), "--from", "2026-11-20T05:30:00+00:00").stdout
    ended = outgrow("mark", "deployment", plan.as_posix(), "--close").stdout

    assert "noted: deployment from 2026-11-20T14:30:00+09:00 on" in begun
    assert ended.count("+09:00") == 2


def test_a_load_test_that_runs_stands_in_every_check_until_it_is_closed(outgrow: Outgrow, tmp_path: Path) -> None:
    # given
    plan = write_service(tmp_path, 300)
    begun = outgrow("mark", "load-test", plan.as_posix(), "--from", "-1h", "--subject", "api")
    assert "--close" in begun.stdout
    # then
    first = outgrow("check", plan.as_posix()).stdout
    assert "still open" in first
    assert "outgrow mark load-test --close" in " ".join(first.split())
    # when it is closed, there is nothing left to close
    assert outgrow("mark", "load-test", plan.as_posix(), "--close").returncode == 0
    assert "still open" not in outgrow("check", plan.as_posix()).stdout
    again = outgrow("mark", "load-test", plan.as_posix(), "--close")
    assert again.returncode == ExitCode.USAGE
    assert "no load-test is open" in again.stderr
    (line,) = [each for each in outgrow("journal", "events", plan.as_posix()).stdout.splitlines() if each.strip()]
    assert "open" not in line


@pytest.mark.parametrize("command", ["check", "explain split", "report"])
def test_the_future_cannot_be_judged(outgrow: Outgrow, tmp_path: Path, command: str) -> None:
    plan = write_service(tmp_path, 300)
    done = outgrow(*command.split(), plan.as_posix(), "--at", "2099-01-01")
    assert done.returncode == ExitCode.USAGE
    assert "future" in done.stderr


def test_a_backtest_of_a_misspelt_checkpoint_is_refused(outgrow: Outgrow, tmp_path: Path) -> None:
    done = outgrow("backtest", write_service(tmp_path, 300).as_posix(), "--from", "-1h", "-c", "splitt")
    assert done.returncode == ExitCode.USAGE
    assert 'no checkpoint is called "splitt"' in done.stderr


@pytest.mark.parametrize("command", ["check", "explain split", "check --json"])
def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path, command: str) -> None:
    # given
    plan = write_service(tmp_path, 300)
    words = [sys.executable, "-m", "outgrow", *command.split(), plan.as_posix(), "--no-journal"]
    # when nobody reads what is printed
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        code = process.wait()
    # then
    assert (code, told) == (ExitCode.DONE, "")
