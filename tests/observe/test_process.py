"""Local processes: found, added up, and told apart from those that are not meant."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from outgrow.errors import Failure
from outgrow.observe.process import ProcessSignals
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import ProcessRead, ProcessSource
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, signal, value_of

MIB = 1024 * 1024
SLEEP = "import time; time.sleep(600)"


def read(metric: Any, **options: Any) -> QuerySignal:
    return signal(ProcessRead(metric=metric), **options)


class Children:
    """Starts processes that carry a mark of their own in their command lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"outgrow-{folder.name}"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, script: str = SLEEP) -> subprocess.Popen[bytes]:
        """Start a Python process; return when its script runs."""
        told = f"print(flush=True); {script}"
        child = subprocess.Popen([sys.executable, "-c", told, self.mark], stdout=subprocess.PIPE)
        self.started.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child

    def adapter(self, **options: Any) -> ProcessSignals:
        """Look for them."""
        options = options or {"command": self.mark}
        return ProcessSignals(ProcessSource(kind="process", **options), {}, self.folder)


@pytest.fixture
def children(tmp_path: Path) -> Generator[Children]:
    made = Children(tmp_path)
    yield made
    for child in made.started:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


async def test_a_busy_process_uses_a_core(children: Children):
    children.start("\nwhile True: pass")
    source = children.adapter()

    cores = await value_of(source, read("cpu_cores", unit="cores"))
    share = await value_of(source, read("cpu", unit="percent"))

    assert 0.02 < cores < 1.2
    assert 0 < share < 100 * 1.2 / (os.cpu_count() or 1)


async def test_a_sleeping_process_uses_none(children: Children):
    children.start()

    assert await value_of(children.adapter(), read("cpu_cores", unit="cores")) < 0.2


async def test_several_processes_are_added_up(children: Children):
    each = [children.start(), children.start()]
    source = children.adapter()

    memory = await value_of(source, read("memory", unit="MiB"))
    resident = sum(psutil.Process(child.pid).memory_info().rss for child in each) / MIB

    assert await value_of(source, read("count")) == 2
    assert await value_of(source, read("threads")) == 2
    assert await value_of(source, read("open_files")) >= 6
    assert memory == pytest.approx(resident, rel=0.1)


async def test_nothing_that_matches_counts_zero_and_measures_nothing(children: Children):
    source = children.adapter()

    assert await value_of(source, read("count")) == 0
    for metric, unit in (("cpu", "ratio"), ("memory", "bytes"), ("threads", "")):
        told = await failure_of(source, read(metric, unit=unit), Failure.NO_SUCH_THING)
        assert f'no process matches command "{children.mark}"' in told


async def test_a_process_that_has_ended_does_not_count(children: Children):
    children.start().kill()
    children.start()
    children.started[0].poll()

    assert await value_of(children.adapter(), read("count")) == 1


async def test_a_process_is_found_by_its_exact_name(children: Children):
    name = psutil.Process(children.start().pid).name()

    assert await value_of(children.adapter(name=name, command=children.mark), read("count")) == 1
    assert await value_of(children.adapter(name=name[:-1], command=children.mark), read("count")) == 0


async def test_our_own_command_line_does_not_match():
    own = psutil.Process().cmdline()[-1]
    source = ProcessSignals(ProcessSource(kind="process", command=own), {}, Path())

    # By `info`, which has nothing of those that have ended: there may be such a one on the machine.
    running = psutil.process_iter(["cmdline"])
    matching = [each for each in running if own in " ".join(each.info["cmdline"] or ()) and each.pid != os.getpid()]

    assert await value_of(source, read("count")) == len(matching)


async def test_a_process_is_found_by_its_pid_file(children: Children):
    (children.folder / "server.pid").write_text(f"{children.start().pid}\n")
    source = children.adapter(pid_file="server.pid")

    assert await value_of(source, read("count")) == 1
    assert await value_of(source, read("memory", unit="MiB")) > 1


async def test_a_pid_file_older_than_the_process_of_that_pid_is_stale(children: Children):
    file = children.folder / "server.pid"
    file.write_text(str(children.start().pid))
    os.utime(file, (1_000_000_000, 1_000_000_000))

    assert await value_of(children.adapter(pid_file="server.pid"), read("count")) == 0


async def test_pid_files_that_cannot_be_used_are_told(children: Children):
    (children.folder / "text.pid").write_text("gunicorn")
    (children.folder / "gone.pid").write_text("4194304")
    (children.folder / "folder.pid").mkdir()
    memory = read("memory", unit="bytes")

    assert "holds no PID" in await failure_of(children.adapter(pid_file="text.pid"), memory, Failure.BAD_ANSWER)
    assert "cannot be read" in await failure_of(children.adapter(pid_file="folder.pid"), memory, Failure.NOT_PERMITTED)
    for name in ("gone.pid", "missing.pid"):
        assert name in await failure_of(children.adapter(pid_file=name), memory, Failure.NO_SUCH_THING)


async def test_children_count_where_asked_for(children: Children):
    worker = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
    master = children.start(worker)
    while not psutil.Process(master.pid).children():
        pass
    (worker_process,) = psutil.Process(master.pid).children()
    (children.folder / "master.pid").write_text(str(master.pid))

    alone = await value_of(children.adapter(pid_file="master.pid"), read("count"))
    family = await value_of(children.adapter(pid_file="master.pid", children=True), read("count"))
    worker_process.kill()

    assert (alone, family) == (1, 2)


async def test_what_is_shown_only_to_the_owner_is_told(children: Children, monkeypatch: pytest.MonkeyPatch):
    # root sees everything: the refusal is the operating system's, played here
    def refuse(process: psutil.Process) -> int:
        raise psutil.AccessDenied(process.pid)

    children.start()
    monkeypatch.setattr(psutil.Process, "num_fds", refuse)

    told = await failure_of(children.adapter(), read("open_files"), Failure.NOT_PERMITTED)

    assert "run outgrow as the same user" in told


async def test_a_reading_ends_within_its_time_limit(children: Children):
    children.start()
    source = children.adapter(command=children.mark, timeout=Duration.parse("100ms"))

    assert "within 0.1 s" in await failure_of(source, read("cpu", unit="ratio"), Failure.TIMED_OUT)


def test_a_source_needs_something_to_find_processes_by():
    with pytest.raises(ValueError, match="give name, command or pid_file"):
        ProcessSource(kind="process")
