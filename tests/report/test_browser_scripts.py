"""The browser scripts of reports come with every build, checked by hash; without a registry a build still succeeds."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT_FROM = ("hatch_build.py", "package.json", "package-lock.json", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
SCRIPTS = {"uPlot.js", "uPlot.css", "uPlot.LICENSE", "uPlot.json"}


def test_the_lock_names_hashes_and_no_place_to_get_them_from() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    packages = {name: each for name, each in json.loads(lock)["packages"].items() if name}

    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "resolved" not in lock
    assert "://" not in lock


def test_a_wheel_contains_the_scripts_and_their_licence(tmp_path: Path) -> None:
    if not (ROOT / "src/outgrow/report/assets/uPlot.json").exists():
        pytest.skip("the npm registry was not reached when outgrow was installed")

    done = _build_wheel(ROOT, tmp_path)

    assert done.returncode == 0, done.stderr
    assert _assets_in(tmp_path) >= SCRIPTS


def test_without_a_registry_a_build_succeeds_and_says_what_is_missing(tmp_path: Path) -> None:
    project = _copy_of_the_project(tmp_path / "project")

    done = _build_wheel(project, tmp_path, npm_config_registry="http://127.0.0.1:9/")

    assert done.returncode == 0, done.stderr
    assert "still pictures" in done.stderr
    assert _assets_in(tmp_path) == set()


def test_a_script_that_was_changed_does_not_pass_for_the_locked_one(tmp_path: Path) -> None:
    project = _copy_of_the_project(tmp_path / "project")
    assets = project / "src/outgrow/report/assets"
    assets.mkdir(parents=True)
    locked = json.loads((project / "package-lock.json").read_text())["packages"]["node_modules/uplot"]
    stamp = {"integrity": locked["integrity"], "sha256": dict.fromkeys(SCRIPTS - {"uPlot.json"}, "0" * 64)}
    for name in SCRIPTS:
        (assets / name).write_text("changed")
    (assets / "uPlot.json").write_text(json.dumps(stamp))

    done = _build_wheel(project, tmp_path, npm_config_registry="http://127.0.0.1:9/")

    assert done.returncode == 0, done.stderr
    assert _assets_in(tmp_path) == set()


def _copy_of_the_project(folder: Path) -> Path:
    (folder / "src" / "outgrow").mkdir(parents=True)
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "src" / "outgrow" / "__init__.py", folder / "src" / "outgrow")
    return folder


def _build_wheel(project: Path, into: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def _assets_in(folder: Path) -> set[str]:
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return {Path(name).name for name in wheel.namelist() if name.startswith("outgrow/report/assets/")}
