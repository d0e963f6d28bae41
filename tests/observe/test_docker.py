"""Docker Engine: what containers use, on a real engine; what its answers mean, on recorded ones."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, labels_of
from outgrow.observe.docker import DockerSignals
from outgrow.observe.docker.statistics import (
    block_bytes,
    core_limit,
    cores_used,
    is_reading,
    memory_bytes,
    network_bytes,
    process_count,
    reading_before,
)
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import DockerRead, DockerSource
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, missing_of, signal, value_of, values_by_labels
from tests.observe.targets import answer, answer_json, target
from tests.servers.docker import DockerEngine

MIB = 1024 * 1024


def read(container: str, metric: Any, **options: Any) -> QuerySignal:
    return signal(DockerRead(container=container, metric=metric), **options)


def adapter(url: str, timeout: str = "10s", **options: Any) -> DockerSignals:
    return DockerSignals(DockerSource(kind="docker", url=url, timeout=Duration.parse(timeout), **options), {}, Path())


@pytest.fixture
async def source(docker_engine: DockerEngine) -> AsyncGenerator[DockerSignals]:
    opened = adapter(docker_engine.url)
    yield opened
    await opened.aclose()


async def test_a_busy_container_uses_its_whole_quota(docker_engine: DockerEngine, source: DockerSignals):
    # given a container of a fifth of a core that never rests
    with docker_engine.container("while :; do :; done", cpus=0.2) as name:
        # when all is read at once
        share, cores, seconds, unitless = await asyncio.gather(
            value_of(source, read(name, "cpu", unit="percent")),
            value_of(source, read(name, "cpu_cores")),
            value_of(source, read(name, "cpu_seconds", unit="s")),
            failure_of(source, read(name, "cpu"), Failure.BAD_QUERY),
        )

    # then share and cores come out of the same two readings
    assert 10 < share <= 130  # a crowded machine gives it less than its quota
    assert cores == pytest.approx(share / 100 * 0.2)
    assert seconds > 0
    assert "cpu is measured in ratio, but the signal has no unit; write unit: ratio" in unitless


async def test_without_a_quota_the_hosts_cores_are_the_limit(docker_engine: DockerEngine, source: DockerSignals):
    with docker_engine.container("sleep 600") as name:
        limit = await value_of(source, read(name, "cpu_limit"))

    assert limit == os.cpu_count()


async def test_memory_is_told_without_the_inactive_file_cache(docker_engine: DockerEngine, source: DockerSignals):
    # given a container that has written 20 MiB into files (cache), and holds little itself
    script = "dd if=/dev/zero of=/tmp/file bs=1M count=20 2>/dev/null; sleep 600"
    with docker_engine.container(script, memory_bytes=64 * MIB) as name:
        await _until(lambda: _cache(docker_engine, name) > 15 * MIB)

        used, share = await asyncio.gather(
            value_of(source, read(name, "memory", unit="MiB")),
            value_of(source, read(name, "memory_share", unit="percent")),
        )

    assert used < 15
    assert share == pytest.approx(100 * used / 64)


def _cache(engine: DockerEngine, name: str) -> int:
    memory = engine.call("GET", f"/containers/{name}/stats", params={"stream": "0", "one-shot": "1"})["memory_stats"]
    return memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))


async def _until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)


async def test_traffic_and_disks_are_counted_until_the_container_is_restarted(
    docker_engine: DockerEngine, source: DockerSignals
):
    # given a container that has sent and written something
    script = "dd if=/dev/zero of=/tmp/file bs=1M count=4 conv=fsync 2>/dev/null; ping -c 3 -W 1 10.0.0.1; sleep 600"
    with docker_engine.container(script, networked=True) as name:
        sent = read(name, "network_tx", unit="bytes")
        await _until(lambda: docker_engine.call("GET", f"/containers/{name}/json")["State"]["Running"])
        before = await source.observe(sent, datetime.now(UTC))
        if docker_engine.disks:
            assert await value_of(source, read(name, "block_write", unit="MiB")) >= 4

        # when it is restarted
        await asyncio.to_thread(docker_engine.call, "POST", f"/containers/{name}/restart", params={"t": "0"})

        # then the counter says so once
        assert not isinstance(before[0].sample, Missing)
        absence, detail = await missing_of(source, sent)
        assert absence is Absence.COUNTER_RESTARTED
        assert f"{name} was restarted" in detail
        assert await value_of(source, sent) >= 0


async def test_what_the_engine_does_not_count_is_missing(docker_engine: DockerEngine, source: DockerSignals):
    with docker_engine.container("sleep 600") as name:
        network, share, processes = await asyncio.gather(
            missing_of(source, read(name, "network_rx", unit="bytes")),
            missing_of(source, read(name, "memory_share", unit="ratio")),
            value_of(source, read(name, "pids")),
        )

    assert network == (Absence.NULL, "the container has no network of its own, so its traffic is not counted")
    assert share[0] is Absence.UNLIMITED
    assert processes == 1


async def test_a_container_is_found_by_name_id_and_compose_service(docker_engine: DockerEngine, source: DockerSignals):
    labels = {"com.docker.compose.service": "lone-db", "com.docker.compose.project": "koto"}
    with docker_engine.container("sleep 600", labels=labels) as name:
        whole_id = docker_engine.call("GET", f"/containers/{name}/json")["Id"]

        names = (name, whole_id, whole_id[:12], "lone-db")
        found = await asyncio.gather(*(value_of(source, read(wanted, "pids")) for wanted in names))
        of_another_project = adapter(docker_engine.url, project="other")
        await failure_of(of_another_project, read("lone-db", "pids"), Failure.NO_SUCH_THING)
        await of_another_project.aclose()
        await failure_of(source, read(whole_id[:5], "pids"), Failure.NO_SUCH_THING)

    assert found == [1, 1, 1, 1]


async def test_a_service_of_several_containers_is_told_apart_or_refused(
    docker_engine: DockerEngine, source: DockerSignals
):
    service = {"com.docker.compose.service": "web", "com.docker.compose.project": "koto"}
    once = service | {"com.docker.compose.oneoff": "True"}
    with (
        docker_engine.container("sleep 600", name="koto-web-1", labels=service),
        docker_engine.container("sleep 600", name="koto-web-2", labels=service),
        docker_engine.container("exit 3", name="koto-web-3", labels=service),
        docker_engine.container("sleep 600", name="koto-web-run", labels=once),
    ):
        await _until(lambda: not docker_engine.call("GET", "/containers/koto-web-3/json")["State"]["Running"])

        told = await failure_of(source, read("web", "pids"), Failure.BAD_ANSWER)
        by_container = await values_by_labels(source, read("web", "pids", by=("container",)))
        await failure_of(source, read("web", "pids", by=("region",)), Failure.BAD_QUERY)

    assert 'the service "web" has 2 containers: koto-web-1, koto-web-2; ' in told
    assert "by: [container]" in told
    assert by_container == {
        labels_of({"container": "koto-web-1"}): 1,
        labels_of({"container": "koto-web-2"}): 1,
        labels_of({"container": "koto-web-3"}): Absence.FAILED,
    }


async def test_a_container_that_has_ended_is_told_with_its_exit_code(
    docker_engine: DockerEngine, source: DockerSignals
):
    with docker_engine.container("exit 3") as name:
        await _until(lambda: not docker_engine.call("GET", f"/containers/{name}/json")["State"]["Running"])

        told = await failure_of(source, read(name, "cpu", unit="ratio"), Failure.NO_SUCH_THING)

    assert f'the container "{name}" is not running: exited, exit code 3; ' in told
    assert f"docker logs {name}" in told


async def test_a_container_that_is_not_there_is_told_with_its_nearest_neighbour(
    docker_engine: DockerEngine, source: DockerSignals
):
    with docker_engine.container("sleep 600", name="koto-database"):
        told = await failure_of(source, read("koto-databse", "pids"), Failure.NO_SUCH_THING)

    assert "did you mean koto-database?" in told


async def test_the_engine_and_its_host_are_told(docker_engine: DockerEngine, source: DockerSignals):
    inspection = await source.inspect()

    version = docker_engine.call("GET", "/version")
    assert inspection.version == f"Docker Engine {version['Version']} (API {version['ApiVersion']})"
    assert inspection.clock_skew is not None
    assert abs(inspection.clock_skew) < timedelta(seconds=5)
    assert f"{os.cpu_count()} cores" in inspection.notes[0]


@contextmanager
def socket_file(folder: Path, *, listening: bool) -> Generator[Path]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "docker.sock"))
        if listening:
            made.listen()
        yield folder / "docker.sock"


async def test_no_engine_is_told_with_the_way_to_start_it(tmp_path: Path):
    missing = await failure_of(adapter(f"unix://{tmp_path}/none.sock"), read("x", "pids"), Failure.UNREACHABLE)
    with socket_file(tmp_path, listening=False) as file:
        dead = await failure_of(adapter(f"unix://{file}"), read("x", "pids"), Failure.REFUSED)
    with socket_file(tmp_path / "..", listening=True) as file:
        silent = await failure_of(adapter(f"unix://{file}", "300ms"), read("x", "pids"), Failure.TIMED_OUT)
        file.unlink()

    assert "systemctl start docker" in missing
    assert "systemctl start docker" in dead
    assert "within 0.3 s" in silent  # by its own clock, or on a busy machine by that of the whole reading


def test_an_address_that_is_none_is_refused_at_once():
    for url in ("ssh://host", "unix://", "docker.sock"):
        with pytest.raises(SourceError) as raised:
            adapter(url)
        assert raised.value.failure is Failure.NOT_CONFIGURED


async def test_a_right_that_is_missing_is_told_with_the_group_to_join(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    # root may open every socket: the refusal is the operating system's, played here
    async def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("anyio.connect_unix", refuse)

    told = await failure_of(adapter(f"unix://{tmp_path}/docker.sock"), read("x", "pids"), Failure.NOT_PERMITTED)

    assert "usermod -aG docker" in told


@pytest.mark.parametrize(
    ("routes", "failure", "words"),
    [
        ({"/containers/json": answer(500, '{"message": "disk full"}')}, Failure.OTHER, "disk full"),
        ({"/containers/json": answer(200, "<html>")}, Failure.BAD_ANSWER, "no JSON"),
        ({"/containers/json": answer_json([{"Name": "x"}])}, Failure.BAD_ANSWER, "not answer as a Docker Engine"),
    ],
)
async def test_answers_that_are_none_of_the_engines_are_told(routes: Mapping[str, Any], failure: Failure, words: str):
    async with target(routes) as server:
        told = await failure_of(adapter(f"tcp://127.0.0.1:{server.port}"), read("x", "pids"), failure)

    assert words in told


async def test_an_engine_open_to_the_network_is_warned_of():
    info = {"SystemTime": datetime.now(UTC).isoformat(), "MemTotal": 8 << 30, "NCPU": 4, "Warnings": ["No swap"]}
    routes = {"/version": answer_json({"Version": "1", "ApiVersion": "1.41"}), "/info": answer_json(info)}
    async with target(routes) as server:
        inspection = await adapter(f"tcp://127.0.0.1:{server.port}").inspect()

    assert inspection.warnings == (
        "No swap",
        "the Engine listens without TLS: who reaches this port is root on its host",
    )


def _stats(read_at: str, cpu_seconds: float, **more: Any) -> dict[str, Any]:
    cpu = {"cpu_usage": {"total_usage": int(cpu_seconds * 1e9)}, "online_cpus": 8}
    return {"read": f"2026-11-21T09:00:{read_at}Z", "cpu_stats": cpu, **more}


NEVER = "0001-01-01T00:00:00Z"


def test_an_engine_that_reads_once_gives_no_pair_of_readings():
    once = _stats("01.5", 3) | {"preread": NEVER, "precpu_stats": {}}
    twice = _stats("01.5", 3) | {"preread": "2026-11-21T09:00:00.5Z", "precpu_stats": _stats("00", 2)["cpu_stats"]}
    same = _stats("01.5", 3) | {"preread": "2026-11-21T09:00:01.5Z", "precpu_stats": _stats("00", 2)["cpu_stats"]}

    assert reading_before(once) is None
    assert reading_before(same) is None
    assert is_reading(once)
    assert not is_reading({"read": NEVER})
    before = reading_before(twice)
    assert before is not None
    assert cores_used(before, twice) == pytest.approx(1)


async def test_an_engine_that_reads_once_is_asked_twice():
    readings = iter([_stats("00", 5), _stats("02", 8)])

    async def stats(reader: Any, writer: Any) -> None:
        await answer_json(next(readings) | {"preread": NEVER, "precpu_stats": {}})(reader, writer)

    listed = [{"Names": ["/db"], "Id": "abc", "State": "running", "Status": "Up", "Labels": None}]
    state = {"Running": True, "Paused": False, "StartedAt": "2026-11-21T08:00:00Z", "Status": "running"}
    details = {"State": state, "HostConfig": {"NanoCpus": 3_000_000_000}}
    routes = {
        "/containers/json": answer_json(listed),
        "/containers/abc/json": answer_json(details),
        "/containers/abc/stats": stats,
    }
    async with target(routes) as server:
        share = await value_of(adapter(f"tcp://127.0.0.1:{server.port}"), read("db", "cpu", unit="ratio"))

    assert share == pytest.approx(0.5)  # 3 s of CPU in 2 s on 3 cores


@pytest.mark.parametrize(
    ("host_config", "cores"),
    [
        ({}, 8),
        ({"NanoCpus": 1_500_000_000}, 1.5),
        ({"CpuQuota": 50_000, "CpuPeriod": 100_000}, 0.5),
        ({"CpuQuota": 50_000, "CpuPeriod": 0}, 0.5),
        ({"CpuQuota": -1, "CpuPeriod": 0}, 8),
        ({"CpusetCpus": "0-2,5"}, 4),
        ({"CpusetCpus": "0-2,5", "NanoCpus": 2_000_000_000}, 2),
        ({"NanoCpus": 64_000_000_000}, 8),
    ],
)
def test_the_limit_is_the_quota_the_cpu_set_or_the_host(host_config: dict[str, Any], cores: float):
    assert core_limit(host_config, _stats("00", 1)) == cores


@pytest.mark.parametrize(
    ("memory", "used"),
    [
        ({"usage": 100, "stats": {"total_inactive_file": 30, "inactive_file": 5}}, 70),  # control groups v1
        ({"usage": 100, "stats": {"inactive_file": 40}}, 60),  # v2
        ({"usage": 100}, 100),
        ({}, None),
        (None, None),
    ],
)
def test_memory_is_usage_less_the_inactive_file_cache(memory: Any, used: float | None):
    assert memory_bytes({"memory_stats": memory}) == used


def test_counters_are_added_up_and_absent_where_nobody_counts():
    counted = [{"op": "Read", "value": 1}, {"op": "read", "value": 2}, {"op": "Write", "value": 4}]

    assert block_bytes({"blkio_stats": {"io_service_bytes_recursive": counted}}, "read") == 3
    assert block_bytes({"blkio_stats": {"io_service_bytes_recursive": None}}, "read") is None
    assert network_bytes({"networks": {"a": {"rx_bytes": 1}, "b": {"rx_bytes": 2}}}, "rx") == 3
    assert network_bytes({}, "rx") is None
    assert process_count({"pids_stats": {"current": 4}}) == 4
    assert process_count({"pids_stats": {}}) is None
