"""The import rule bites: a planted violation in a house with every room built breaks the contract that forbids it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_house_as_it_stands_keeps_the_rule() -> None:
    linted = _lint(ROOT)

    assert linted.returncode == 0, linted.stdout


def test_a_house_with_every_room_and_imports_downwards_keeps_the_rule(house: Path) -> None:
    _write(house, "wiring.py", "from outgrow.observe import postgres\nfrom outgrow.journal import sqlite\n")
    _write(
        house, "observe/postgres.py", "import socket\nfrom outgrow.observe import _sql\nfrom outgrow.plan import file\n"
    )
    _write(house, "observe/_sql.py", "import time\n")
    _write(house, "decide/windows.py", "import math\nfrom outgrow.facts import samples\n")
    _write(house, "cli/serve.py", "from outgrow import web, wiring\n")

    linted = _lint(house)

    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    ("where", "planted", "broken"),
    [
        ("facts/samples.py", "from outgrow import decide", "Rooms import downwards only"),
        ("plan/file.py", "from outgrow.facts import samples", "Rooms import downwards only"),
        ("control/measure.py", "from outgrow import wiring", "Rooms import downwards only"),
        ("observe/postgres.py", "from outgrow import journal", "Rooms import downwards only"),
        ("utils.py", "", "Rooms import downwards only"),
        ("decide/windows.py", "from outgrow.decide import levels", "No circles among siblings"),
        ("decide/windows.py", "import time", "The pure floors know no socket"),
        ("plan/file.py", "import socket", "The pure floors know no socket"),
        ("quantity.py", "from random import random", "The pure floors know no socket"),
        ("observe/postgres.py", "from outgrow.observe import sqlite", "Adapters are strangers"),
        ("observe/_sql.py", "from outgrow.observe import sqlite", "Adapters are strangers"),
        ("observe/__init__.py", "from outgrow.observe import sqlite", "Adapters are strangers"),
        ("control/measure.py", "from outgrow.observe import postgres", "Adapters are strangers"),
        ("report/page.py", "import outgrow.journal", "Adapters are strangers"),
    ],
)
def test_a_planted_violation_breaks_the_rule(house: Path, where: str, planted: str, broken: str) -> None:
    _write(house, "decide/levels.py", "from outgrow.decide import windows\n")
    _write(house, where, f"{planted}\n")

    linted = _lint(house)

    assert linted.returncode == 1, linted.stdout
    assert re.search(rf"^{re.escape(broken)}.* BROKEN$", linted.stdout, re.MULTILINE), linted.stdout


@pytest.mark.parametrize(
    ("planted", "is_refused_in"),
    [
        (
            "from datetime import datetime, UTC\n\nSTARTED = datetime.now(UTC)\n",
            {"decide/windows.py", "report/page.py"},
        ),
        ("import time\n\nSTARTED = time.monotonic()\n", {"decide/windows.py", "report/page.py"}),
        ("from uuid import uuid4\n\nNAME = uuid4()\n", {"decide/windows.py", "report/page.py"}),
    ],
)
def test_ruff_refuses_the_clock_in_the_pure_floors_only(house: Path, planted: str, is_refused_in: set[str]) -> None:
    rooms = ["decide/windows.py", "report/page.py", "control/measure.py", "observe/postgres.py", "wiring.py"]
    for room in rooms:
        _write(house, room, planted)

    linted = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select=TID251", "--output-format=concise", "src"],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )

    refused = {room for room in rooms if f"src/outgrow/{room}:" in linted.stdout}
    assert refused == is_refused_in, linted.stdout + linted.stderr


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Build a copy of the project's rules around a package that has every room of the map, all of them empty."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    _write(tmp_path, "__init__.py", "")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["id"] == "floors")
    for room in re.findall(r"\w+", " ".join(floors)):
        is_file = room in {"quantity", "errors", "ports", "wiring", "api"}
        _write(tmp_path, f"{room}.py" if is_file else f"{room}/__init__.py", "")
    for module in ("plan/file.py", "facts/samples.py", "observe/postgres.py", "observe/sqlite.py", "journal/sqlite.py"):
        _write(tmp_path, module, "")
    return tmp_path


def _write(house: Path, module: str, text: str) -> None:
    path = house / "src" / "outgrow" / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _lint(house: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=house,
        env={**os.environ, "PYTHONPATH": f"{house / 'src'}{os.pathsep}{house}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
