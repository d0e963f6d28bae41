"""A skipped test is said at the end of a run, and is a failure where `OUTGROW_NO_SKIP` is set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SKIPPING = """
import pytest

@pytest.fixture
def server():
    pytest.skip("nosuchserver is not installed")

def test_that_needs_a_server(server): ...
def test_that_needs_it_too(server): ...

@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_known_to_fail():
    assert False

def test_that_runs(): ...
"""


def test_a_run_ends_with_what_was_skipped_and_why(tmp_path: Path) -> None:
    run = _run(tmp_path, {"test_skipping.py": SKIPPING}, no_skip="")

    assert run.returncode == 0, run.stdout
    *_, why, last = filter(None, run.stdout.splitlines())
    assert why == "   2 tests: nosuchserver is not installed"
    assert "1 passed, 2 skipped, 1 xfailed" in last


def test_where_nothing_may_be_skipped_a_skip_is_a_failure(tmp_path: Path) -> None:
    run = _run(tmp_path, {"test_skipping.py": SKIPPING}, no_skip="1")

    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert "skipped where nothing may be: nosuchserver is not installed" in run.stdout
    last = run.stdout.strip().splitlines()[-1]
    # A fixture that skips fails the setup of its test.
    assert "1 passed" in last
    assert "2 errors" in last
    assert "skipped" not in last


def test_where_nothing_may_be_skipped_a_skipped_module_is_an_error(tmp_path: Path) -> None:
    module = 'import pytest\npytest.skip("no such extra", allow_module_level=True)\n'

    run = _run(tmp_path, {"test_module.py": module}, no_skip="1")

    assert run.returncode != 0, run.stdout
    assert "skipped where nothing may be: no such extra" in run.stdout


def _run(folder: Path, files: dict[str, str], no_skip: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    configuration = [f"--rootdir={folder}", f"--config-file={ROOT / 'pyproject.toml'}", "-p", "tests.conftest"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *configuration, str(folder)],
        cwd=ROOT,
        env={**os.environ, "OUTGROW_NO_SKIP": no_skip},
        capture_output=True,
        text=True,
        check=False,
    )
