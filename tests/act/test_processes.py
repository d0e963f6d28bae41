"""Local processes: they outlive outgrow, are taken up again, and no stranger is ever ended in their stead."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import anyio
import psutil
import pytest

from outgrow.act._probe import is_ready
from outgrow.act.processes import host
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import ReplicaPhase
from outgrow.plan.run_targets import ProcessTarget
from outgrow.ports import Actuator
from tests.act.harness_processes import REPLICA, none_left, opened, pids, target
from tests.contracts.actuators import names, settled, until


class Service:
    """A folder in which the actuator is opened and closed again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.declared = target()
        self.actuator = opened(folder, self.declared)

    def redeclare(self, *arguments: str, **more: Any) -> None:
        self.declared = target(*arguments, **more)
        self.actuator = opened(self.folder, self.declared)

    async def reopen(self) -> Actuator:
        await self.actuator.aclose()
        self.actuator = opened(self.folder, self.declared)
        return self.actuator

    @property
    def state(self) -> dict[str, Any]:
        return json.loads((self.folder / ".outgrow" / "auth" / "state.json").read_text())

    def change_state(self, **changes: Any) -> None:
        """Write into the first replica's part of the state file, as if time had done it."""
        document = self.state
        document["replicas"][0] |= changes
        (self.folder / ".outgrow" / "auth" / "state.json").write_text(json.dumps(document))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    made = Service(tmp_path)
    yield made
    await none_left(await made.reopen())


async def test_a_reused_pid_is_not_taken_for_a_replica_and_not_ended(service: Service) -> None:
    await service.actuator.scale_to(1)
    (name,) = names(await settled(service.actuator, 1))
    await service.actuator.aclose()
    os.kill(pids(service.folder)[name], signal.SIGKILL)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        started = psutil.Process(stranger.pid).create_time()
        service.change_state(handle={"pid": stranger.pid, "started": started})

        actuator = await service.reopen()
        await until(actuator, lambda seen: seen.ready == 1 and name not in names(seen))
        await actuator.scale_to(0)
        await until(actuator, lambda seen: not seen.each)

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_of_a_replica_that_became_ready_while_nobody_looked_no_start_up_is_measured(service: Service) -> None:
    await service.actuator.scale_to(1)
    (replica,) = (await service.actuator.replicas()).each
    await service.actuator.aclose()
    with anyio.fail_after(60):
        while not await is_ready(replica.address, service.declared.ready):
            await anyio.sleep(0.05)

    (found,) = (await until(await service.reopen(), lambda seen: seen.ready == 1)).each

    assert (found.name, found.ready_at) == (replica.name, None)


async def test_a_process_that_was_started_but_not_noted_is_taken_up_and_not_started_twice(service: Service) -> None:
    await service.actuator.scale_to(1)
    (name,) = names(await settled(service.actuator, 1))
    await service.actuator.aclose()
    before = pids(service.folder)
    service.change_state(handle=None, phase="starting", ready_at=None)  # as if we had died right after the start

    said: list[str] = []
    await until(await service.reopen(), lambda seen: seen.ready == 1, said=said)

    assert pids(service.folder) == before == {name: before[name]}
    assert any("taken up again" in each for each in said)


async def test_a_replica_that_was_noted_but_never_started_is_started_once(service: Service) -> None:
    await service.actuator.scale_to(1)
    (name,) = names(await settled(service.actuator, 1))
    await service.actuator.aclose()
    os.kill(pids(service.folder)[name], signal.SIGKILL)
    service.change_state(handle=None, phase="starting", ready_at=None)

    await until(await service.reopen(), lambda seen: seen.ready == 1)

    assert len(pids(service.folder)) == 1


async def test_a_replica_that_cannot_start_is_tried_again_ever_more_slowly_and_says_why(service: Service) -> None:
    service.redeclare("--exit", "3")
    await service.actuator.scale_to(1)

    said: list[str] = []
    await until(service.actuator, lambda _: service.state["failures"] >= 2, said=said)

    assert any("exit code 3" in each and "the configuration is wrong" in each for each in said)
    assert service.state["not_before"] is not None
    assert (await service.actuator.replicas()).ordered == 1


async def test_a_program_that_does_not_exist_is_told_as_such(service: Service) -> None:
    service.redeclare(command=["no-such-program-anywhere", "{port}"])
    await service.actuator.scale_to(1)

    said: list[str] = []
    await until(service.actuator, lambda _: bool(said), said=said)

    assert "no such program or folder" in said[0]


async def test_a_replica_that_is_not_ready_in_time_is_ended(service: Service) -> None:
    service.redeclare("--start-up", "60", ready={"http": "/healthz", "every": "20ms", "within": "300ms"})
    await service.actuator.scale_to(1)

    said: list[str] = []
    await until(service.actuator, lambda _: bool(said), said=said)

    assert "not ready within 0.3 s" in said[0]


async def test_a_replica_that_ignores_sigterm_is_killed_after_its_grace(service: Service) -> None:
    service.redeclare("--stubborn", stop={"drain": "0s", "grace": "200ms"})
    await service.actuator.scale_to(1)
    await settled(service.actuator, 1)

    said: list[str] = []
    await service.actuator.scale_to(0)
    await until(service.actuator, lambda seen: not seen.each, said=said)

    assert any("killed" in each for each in said)
    assert pids(service.folder) == {}


async def test_a_replica_ends_in_order_and_keeps_its_log(service: Service) -> None:
    await service.actuator.scale_to(1)
    (name,) = names(await settled(service.actuator, 1))

    await service.actuator.scale_to(0)
    await until(service.actuator, lambda seen: not seen.each)

    log = (service.folder / ".outgrow" / "auth" / "logs" / f"{name}.log").read_text()
    assert "has ended in order" in log


async def test_a_log_that_grows_too_large_is_begun_anew_and_kept_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.actuator.scale_to(1)
    (name,) = names(await settled(service.actuator, 1))
    log = service.folder / ".outgrow" / "auth" / "logs" / f"{name}.log"
    earlier = log.with_name(f"{log.name}.1")
    monkeypatch.setattr(host, "_LONGEST_LOG", 1_000)
    assert not earlier.exists()

    for filling in ("first", "second"):
        with log.open("a") as file:
            file.write(f"{filling}\n" * 500)
        await until(service.actuator, lambda _: log.stat().st_size == 0)
        assert earlier.read_text().endswith(f"{filling}\n")
    await service.actuator.scale_to(0)
    await until(service.actuator, lambda seen: not seen.each)

    assert "first" not in earlier.read_text()
    assert "has ended in order" in log.read_text()


async def test_two_processes_cannot_keep_the_same_replicas(service: Service) -> None:
    await service.actuator.scale_to(1)
    other = opened(service.folder, service.declared)

    with pytest.raises(ActuatorError, match="another process keeps") as raised:
        await other.scale_to(5)

    assert raised.value.failure is Failure.CONFLICT
    assert (await other.replicas()).ordered == 1, "looking is allowed"
    await other.aclose()


async def test_a_damaged_state_file_is_told_and_not_overwritten(service: Service) -> None:
    await service.actuator.scale_to(1)
    await settled(service.actuator, 1)
    await service.actuator.aclose()
    file = service.folder / ".outgrow" / "auth" / "state.json"
    before = file.read_bytes()
    file.write_bytes(before[:-20])
    damaged = opened(service.folder, service.declared)

    for call in (damaged.replicas, lambda: damaged.scale_to(3), damaged.tend):
        with pytest.raises(ActuatorError, match="cannot be read"):
            await call()
    assert file.read_bytes() == before[:-20]

    await damaged.aclose()
    file.write_bytes(before)


async def test_no_free_port_is_told(service: Service) -> None:
    service.redeclare(ports=[20_001, 20_002])
    with pytest.raises(ActuatorError, match="no port from 20001 to 20002"):
        await service.actuator.scale_to(3)


async def test_the_first_order_is_the_minimum_where_nothing_is_remembered(tmp_path: Path) -> None:
    actuator = opened(tmp_path, target(), at_first=2)

    assert (await actuator.replicas()).ordered == 2
    assert len(names(await settled(actuator, 2))) == 2
    await none_left(actuator)


async def test_those_that_are_not_ready_go_first(service: Service) -> None:
    await service.actuator.scale_to(2)
    old = names(await settled(service.actuator, 2))
    await service.actuator.scale_to(4)
    await service.actuator.scale_to(2)

    assert names(await settled(service.actuator, 2)) == old


def _killed_while_scaling(folder: Path, delay_seconds: float, count: int) -> None:
    """Run a process that scales and tends, and kill it without warning."""
    script = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from tests.act.harness_processes import opened, target
        async def main():
            actuator = opened(Path({str(folder)!r}), target())
            await actuator.scale_to({count})
            while True:
                await actuator.tend()
        asyncio.run(main())
    """)
    top = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{top}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    child = subprocess.Popen([sys.executable, "-c", script], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    while not (folder / ".outgrow" / "auth" / "lock").exists():
        time.sleep(0.005)
    time.sleep(delay_seconds)
    child.kill()
    child.wait()


@pytest.mark.parametrize("seed", range(6))
async def test_killed_at_any_moment_neither_loses_nor_doubles_a_replica(service: Service, seed: int) -> None:
    drawn = Random(seed)
    await service.actuator.aclose()
    for count in (4, 2):
        _killed_while_scaling(service.folder, drawn.uniform(0, 0.25), count)
        (service.folder / ".outgrow" / "auth" / "lock").unlink()

    actuator = await service.reopen()
    if (await actuator.replicas()).ordered == 0:
        await actuator.scale_to(2)  # killed before the first order was noted
    ordered = (await actuator.replicas()).ordered
    found = await settled(actuator, ordered)

    assert set(pids(service.folder)) == names(found)
    assert {each.phase for each in found.each} == {ReplicaPhase.READY}


def test_a_command_needs_a_program() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        ProcessTarget.model_validate({"kind": "processes", "command": []})
    assert REPLICA.exists()
