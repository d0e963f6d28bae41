"""Where a proof comes from: the plan's commit by a real git, the target's version by a real server."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from outgrow.control.provenance import revision_of, version_of
from outgrow.control.verify_phase import throughout
from outgrow.facts.proofs import Revision, TargetVersion
from outgrow.plan.roadmap import VersionOfTarget
from outgrow.plan.scenario_steps import ScenarioStep
from outgrow.plan.scenarios import Scenario
from outgrow.quantity import Duration

with_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Released(BaseHTTPRequestHandler):
    """Tells its release on one path alone."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/shop/about":
            self.send_header("X-Release", "2026.11-rc1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the base class)
        """Say nothing."""


@pytest.fixture
def target() -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Released) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/shop"
        server.shutdown()
        thread.join()


def scenario(target: str = "http://127.0.0.1:1") -> Scenario:
    return Scenario(target=target, target_rps=1, duration=Duration.parse("1s"), steps=(ScenarioStep(name="read"),))


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@with_git
async def test_the_commit_of_the_plans_folder_is_kept_and_whether_files_were_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init")
    (tmp_path / "plan.yaml").write_text("outgrow: 1")
    unborn = await revision_of(tmp_path)
    git(tmp_path, "add", ".")
    staged = await revision_of(tmp_path)
    git(tmp_path, "commit", "-m", "a plan")
    (tmp_path / "journal.sqlite").write_text("beside the plan")

    clean = await revision_of(tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    assert await revision_of(Path(tmp_path.name)) == clean
    (tmp_path / "plan.yaml").write_text("outgrow: 1\nname: shop")
    dirty = await revision_of(tmp_path)

    assert (unborn.commit, staged.commit) == ("", "")
    assert "committed" in unborn.why
    assert len(clean.commit) == 40
    assert not clean.dirty
    assert dirty == Revision(clean.commit, dirty=True)


@with_git
async def test_a_folder_under_no_version_control_is_said_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert await revision_of(tmp_path) == Revision(why="the plan's folder is in no git repository")


async def test_without_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert await revision_of(tmp_path) == Revision(why="git is not installed")


async def test_the_target_tells_its_version_in_a_header(target: str, tmp_path: Path) -> None:
    about, elsewhere = (VersionOfTarget(header="X-Release", path=path) for path in ("/about", "/"))

    told = await version_of(about, "peak", scenario(target), {}, tmp_path)
    silent = await version_of(elsewhere, "peak", scenario(target), {}, tmp_path)
    gone = await version_of(about, "peak", scenario(), {}, tmp_path)
    far = await version_of(about, "peak", scenario("http://192.0.2.1"), {}, tmp_path)

    assert told == TargetVersion("2026.11-rc1")
    assert silent == TargetVersion(why="the target's answer has no header X-Release")
    assert "did not answer" in gone.why
    assert "neither a loopback nor a private address" in far.why


async def test_a_command_or_the_environment_tells_the_version(tmp_path: Path) -> None:
    say = "import sys; print('v7'); print('more')"
    asked = [
        VersionOfTarget(command=(sys.executable, "-c", say)),
        VersionOfTarget(text="shop ${RELEASE}"),
        VersionOfTarget(text="${NOT_SET}"),
        VersionOfTarget(command=(sys.executable, "-c", "raise SystemExit('no such tag')")),
        VersionOfTarget(command=("no-such-command",)),
    ]

    found = [await version_of(each, "peak", scenario(), {"RELEASE": "9"}, tmp_path) for each in asked]

    assert found[:2] == [TargetVersion("v7"), TargetVersion("shop 9")]
    assert "NOT_SET is not set" in found[2].why
    assert found[3].why.endswith("ended with 1: no such tag")
    assert found[4].why == "no-such-command is not installed"


def test_a_version_that_changes_under_the_load_is_told() -> None:
    old, new = TargetVersion("1"), TargetVersion("2")

    assert throughout(old, old) == old
    assert throughout(old, TargetVersion(why="gone")) == old
    assert throughout(old, new) == TargetVersion("1", "after the run it was 2")
