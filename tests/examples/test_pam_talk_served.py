"""The forms as processes: they serve and are loaded, they say why they cannot, and nothing of them stays."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from koto.interruption import Interruptions
from pamtalk import sqlite_file
from pamtalk.forms import DATABASE_URL, REDIS_URL
from pamtalk.made_up import COLUMNS, Size, tables
from pamtalk.move import move
from pamtalk.served import SERVE, served
from pamtalk.servers import Processes, ServerError

from outgrow.facts.loads import LoadFacts, Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.file import parse_plan
from tests.servers.fixtures import StartRedis

EXAMPLE = SERVE.parent
SMALL = ["--users", "60", "--farms", "60", "--transactions", "500"]


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes(None, Interruptions())
    yield started
    started.stop_all(0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "market.sqlite"
    done = subprocess.run(
        [sys.executable, EXAMPLE / "generate.py", path, *SMALL], capture_output=True, text=True, check=True
    )
    assert done.stdout == "users: 60 rows\nsessions: 60 rows\nfarms: 60 rows\ntransactions: 500 rows\n"
    return path


def loaded(address: str) -> LoadFacts:
    """Send the plan's baseline: a few seconds of it, from as many users as the small market has."""
    text = (EXAMPLE / "plan.yaml").read_text(encoding="utf-8")
    baseline = parse_plan(text, "plan.yaml").plan.scenarios["baseline"]
    small = baseline.model_validate(
        {**baseline.model_dump(exclude_unset=True), "target": address, "target_rps": 20, "duration": "2s", "users": 50}
    )
    return asyncio.run(run_load("baseline", small, {}, lambda _: None))


def running_in(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if process.info["cwd"] == str(folder) and str(SERVE) in " ".join(process.info["cmdline"] or [])
    ]


def test_todays_form_serves_what_the_plan_asks_and_ends(file: Path, tmp_path: Path, processes: Processes):
    with served(processes, tmp_path, ["as-it-is", str(file)], {}) as address:
        facts = loaded(address)
        assert running_in(tmp_path)

    assert facts.whole.outcomes == {Outcome.DONE: 40}
    assert facts.whole.statuses.keys() == {200, 201}
    assert running_in(tmp_path) == []


def test_phase_1_serves_with_several_workers_and_ends(
    file: Path, tmp_path: Path, processes: Processes, postgres_url: str, start_redis: StartRedis
):  # fmt: skip
    asyncio.run(move(file, postgres_url))
    server = start_redis()
    environment = {DATABASE_URL: postgres_url, REDIS_URL: server.url}
    with served(processes, tmp_path, ["after-phase-1", "--workers", "2"], environment) as address:
        workers = [each for main in running_in(tmp_path) for each in main.children(recursive=True)]
        facts = loaded(address)

    assert len(workers) >= 2
    assert facts.whole.outcomes == {Outcome.DONE: 40}
    with server.client() as asking:
        kinds = {str(key).partition(":")[0] for key in asking.scan_iter()}
    assert {"session", "dashboard", "farm-list"} <= kinds
    _, left = psutil.wait_procs(workers, timeout=20)
    assert left == []


def test_a_form_that_cannot_start_says_why(tmp_path: Path, processes: Processes):
    words, nowhere = ["after-phase-1"], {DATABASE_URL: ""}
    with pytest.raises(ServerError, match="is not set"), served(processes, tmp_path, words, nowhere):
        pass

    assert running_in(tmp_path) == []


def test_a_form_that_is_stuck_is_ended_all_the_same(file: Path, tmp_path: Path, processes: Processes):
    with served(processes, tmp_path, ["as-it-is", str(file)], {}) as address:
        (main,) = running_in(tmp_path)
        urllib.request.urlopen(f"{address}/health", timeout=10).close()
        main.send_signal(signal.SIGSTOP)

    assert not main.is_running()


def test_a_market_that_is_there_is_not_overwritten(file: Path):
    before = file.read_bytes()

    done = subprocess.run(
        [sys.executable, EXAMPLE / "generate.py", file, *SMALL], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == f"generate.py: {file} is there already; remove it or name another\n"
    assert file.read_bytes() == before


def test_a_file_keeps_every_row_in_its_order(tmp_path: Path):
    size = Size(end=1_790_000_000, users=30, farms=30, transactions=90)

    sqlite_file.write(tmp_path / "market.sqlite", tables(size))

    assert {table: sqlite_file.read(tmp_path / "market.sqlite", table) for table in COLUMNS} == {
        table: list(rows) for table, rows in tables(size)
    }
