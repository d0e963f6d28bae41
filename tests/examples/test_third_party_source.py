"""A source kind that an installed package adds: outgrow finds it, validates its options, reads it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "third-party-source"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a copy of the example, as pip would, into a folder of its own."""
    source, folder = tmp_path_factory.mktemp("example") / "source", tmp_path_factory.mktemp("installed")
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", "spool"))
    uv = Path(sys.executable).with_name("uv")
    how = ["--no-config", "--offline", "--no-build-isolation", "--no-deps", "--python", sys.executable]
    subprocess.run([uv, "pip", "install", "--quiet", *how, "--target", folder, source], check=True)
    return folder


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A copy of the example's plan with three files in the directory that it reads, two of them mails."""
    (tmp_path / "spool").mkdir()
    for name in ("1.eml", "2.eml", "readme.txt"):
        (tmp_path / "spool" / name).touch()
    return Path(shutil.copy(EXAMPLE / "plan.yaml", tmp_path / "plan.yaml"))


def outgrow(*words: str | Path, packages: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(packages or "")}
    command = [sys.executable, "-m", "outgrow", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_plan_can_read_a_source_that_a_package_adds(installed: Path, plan: Path):
    done = outgrow("check", "--no-journal", "--json", plan, packages=installed)

    assert done.returncode == 0, done.stderr
    (checkpoint,) = json.loads(done.stdout)["checkpoints"]
    values = {each["signal"]: each["headroom"]["value"] for each in checkpoint["conditions"]}
    assert checkpoint["grade"] == "clear"
    assert values["mails-waiting"] == 2
    assert 0 <= values["oldest-mail"] < 900


def test_without_the_package_the_kind_is_unknown(plan: Path):
    done = outgrow("validate", plan, packages=None)

    assert done.returncode == 2
    assert 'unknown kind "directory"' in done.stdout + done.stderr


def test_a_misspelt_option_of_the_new_kind_is_told(installed: Path, plan: Path):
    plan.write_text(plan.read_text().replace("pattern:", "patern:"))

    done = outgrow("validate", plan, packages=installed)

    assert done.returncode == 2
    assert "did you mean pattern?" in (done.stdout + done.stderr).replace('"', "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("path: spool", "path: nowhere", "there is no directory"),
        ("{metric: files}", "{metric: bytes}", "cannot be compared"),
    ],
)
def test_what_the_new_kind_cannot_read_is_worded(installed: Path, plan: Path, old: str, new: str, words: str):
    plan.write_text(plan.read_text().replace(old, new))

    done = outgrow("check", "--no-journal", plan, packages=installed)

    assert done.returncode == 3
    assert words in " ".join((done.stdout + done.stderr).split())


def test_an_empty_directory_has_no_oldest_file(installed: Path, plan: Path):
    for file in (plan.parent / "spool").iterdir():
        file.unlink()

    done = outgrow("check", "--no-journal", "--json", plan, packages=installed)

    found: Any = json.loads(done.stdout)["checkpoints"][0]["conditions"]
    assert {each["signal"]: each["state"] for each in found} == {"mails-waiting": "not held", "oldest-mail": "unknown"}
