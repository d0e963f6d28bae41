"""nginx before replicas: written, tested, reloaded; nobody is cut off while replicas come and go."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from pydantic import ValidationError

from outgrow.act.nginx import NginxBalancer
from outgrow.act.nginx.balancer import connections_to
from outgrow.act.nginx.config import OwnNginx, upstream_text
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.run_targets import NginxFront
from outgrow.plan.scenarios import Scenario
from outgrow.ports import Actuator
from tests.act.harness_processes import none_left, opened, target
from tests.contracts.actuators import names, settled, until
from tests.servers.nginx import NginxServer
from tests.servers.process import free_port, program

pytestmark = [pytest.mark.live]
LIMIT = timedelta(seconds=20)


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[tuple[Actuator, int]]:
    """Give an actuator whose processes stand behind an nginx of our own, and the port of that."""
    program("nginx", package="nginx")
    port = free_port()
    declared = target(behind={"listen": f"127.0.0.1:{port}"}, stop={"drain": "20s", "grace": "5s"}, timeout="20s")
    actuator = opened(tmp_path, declared)
    yield actuator, port
    await none_left(actuator)
    await actuator.put_away()


def scenario(port: int, **more: Any) -> Scenario:
    return Scenario.model_validate(
        {
            "target": f"http://127.0.0.1:{port}",
            "target_rps": 150,
            "duration": "30s",
            "users": 200,
            "steps": [
                {"name": "quick", "weight": 8, "path": "/whoami"},
                {"name": "slow", "weight": 1, "path": "/slow?ms=150"},
                {"name": "write", "weight": 1, "path": "/whoami", "method": "POST", "body": "x=1"},
            ],
            **more,
        }
    )


async def test_scaling_from_1_to_6_and_back_under_load_fails_no_request(front: tuple[Actuator, int]) -> None:
    actuator, port = front
    await actuator.scale_to(1)
    await settled(actuator, 1)
    load = asyncio.create_task(run_load("scale", scenario(port), {}, lambda _: None))

    await actuator.scale_to(6)
    most = names(await settled(actuator, 6))
    await asyncio.sleep(0.5)
    await actuator.scale_to(1)
    await settled(actuator, 1)
    covered = not load.done()
    os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C: the load ends with its facts
    facts = await load

    assert len(most) == 6
    assert covered
    assert facts.whole.outcomes[Outcome.DONE] > 100
    assert facts.whole.failed == 0, facts.whole.outcomes


async def test_replicas_may_listen_on_ipv6(tmp_path: Path) -> None:
    program("nginx", package="nginx")
    port = free_port()
    command = [sys.executable, "-m", "http.server", "{port}", "--bind", "::1"]
    more = {"command": command, "host": "::1", "behind": {"listen": f"127.0.0.1:{port}"}, "ready": {"every": "20ms"}}
    actuator = opened(tmp_path, target(**more))
    await actuator.scale_to(2)
    found = await settled(actuator, 2)
    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/")
    await none_left(actuator)
    await actuator.put_away()

    assert all(each.address.startswith("[::1]:") for each in found.each)
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::", "auth.example"])
def test_a_host_that_connections_cannot_be_counted_to_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match=r"write 127\.0\.0\.1"):
        target(host=host)


async def test_a_request_that_runs_is_finished_before_its_replica_ends(front: tuple[Actuator, int]) -> None:
    actuator, port = front
    await actuator.scale_to(1)
    (first,) = (await settled(actuator, 1)).each
    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        long = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow?ms=1500"))
        while not connections_to(first.address):
            await asyncio.sleep(0.01)

        await actuator.scale_to(0)
        await actuator.tend()
        drained_while_running = (await actuator.replicas()).each
        answer = await long

    assert answer.status_code == 200
    assert answer.text == first.name
    assert [each.phase.value for each in drained_while_running] == ["draining"]


async def test_new_requests_go_to_the_replicas_that_are_ready_and_to_no_other(front: tuple[Actuator, int]) -> None:
    actuator, port = front
    await actuator.scale_to(3)
    found = await settled(actuator, 3)

    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        answers = {(await client.get(f"http://127.0.0.1:{port}/whoami")).text for _ in range(30)}
        assert answers == names(found)

        unwell = found.each[0]
        await client.get(f"http://{unwell.address}/unwell")
        await until(actuator, lambda seen: seen.ready == 2)
        answers = {(await client.get(f"http://127.0.0.1:{port}/whoami")).text for _ in range(30)}
        assert answers == names(found) - {unwell.name}


async def test_where_no_replica_answers_those_that_did_go_on_getting_requests(front: tuple[Actuator, int]) -> None:
    actuator, port = front
    await actuator.scale_to(1)
    (only,) = (await settled(actuator, 1)).each

    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        await client.get(f"http://{only.address}/unwell")
        await until(actuator, lambda seen: seen.ready == 0)
        answer = await client.get(f"http://127.0.0.1:{port}/whoami")

    assert answer.text == only.name


async def test_a_killed_replica_costs_readers_nothing(front: tuple[Actuator, int]) -> None:
    actuator, port = front
    await actuator.scale_to(2)
    found = await settled(actuator, 2)
    victim = next(each for each in psutil.process_iter() if _listens_on(each, found.each[0].address))

    victim.kill()
    async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
        statuses = [(await client.get(f"http://127.0.0.1:{port}/whoami")).status_code for _ in range(20)]

    assert set(statuses) == {200}


def _listens_on(process: psutil.Process, address: str) -> bool:
    try:
        return process.cmdline()[-3:-2] == [address.rpartition(":")[2]]
    except psutil.Error:
        return False


def _balancer(server: NginxServer, **more: Any) -> NginxBalancer:
    front = NginxFront.model_validate(
        {
            "upstream_file": str(server.folder / "upstreams" / "auth.conf"),
            "pid_file": str(server.folder / "nginx.pid"),
            "config": str(server.folder / "nginx.conf"),
            **more,
        }
    )
    return NginxBalancer("auth", front, server.folder, server.folder / "own", LIMIT, LIMIT)


async def test_an_nginx_that_runs_already_gets_its_upstream(nginx_server: NginxServer) -> None:
    ports = [str(free_port()), str(free_port())]
    servers = [await asyncio.start_server(_said(port), "127.0.0.1", int(port)) for port in ports]
    balancer = _balancer(nginx_server)

    await balancer.spread_over([f"127.0.0.1:{port}" for port in ports])
    async with httpx2.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{nginx_server.port}"
        assert {(await client.get(url)).text for _ in range(8)} == set(ports)
        await balancer.spread_over([f"127.0.0.1:{ports[0]}"])
        assert {(await client.get(url)).text for _ in range(8)} == {ports[0]}
        await balancer.spread_over([])
        assert (await client.get(url)).status_code == 502

    for server in servers:
        server.close()


def _said(text: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()

    return answer


async def test_what_nginx_refuses_leaves_everything_as_it_was(nginx_server: NginxServer) -> None:
    file = nginx_server.folder / "upstreams" / "auth.conf"
    before = file.read_text()
    (nginx_server.folder / "upstreams" / "broken.conf").write_text("upstream broken { nonsense; }\n")

    with pytest.raises(ActuatorError, match="nonsense") as raised:
        await _balancer(nginx_server).spread_over(["127.0.0.1:8001"])

    assert raised.value.failure is Failure.NOT_ACCEPTED
    assert file.read_text() == before
    assert nginx_server.process.is_running


async def test_what_was_written_before_a_crash_is_loaded_after_it(nginx_server: NginxServer) -> None:
    balancer = _balancer(nginx_server)
    await balancer.spread_over(["127.0.0.1:8001"])
    workers = _workers(nginx_server)
    await balancer.spread_over(["127.0.0.1:8001"])
    assert _workers(nginx_server) == workers, "nothing was to be changed"

    # As if outgrow had died between writing the file and reloading.
    (nginx_server.folder / "upstreams" / "auth.conf.not-yet-loaded").touch()
    await balancer.spread_over(["127.0.0.1:8001"])

    assert _workers(nginx_server).isdisjoint(workers)


def _workers(server: NginxServer) -> set[int]:
    pid = int((server.folder / "nginx.pid").read_text())
    return {each.pid for each in psutil.Process(pid).children() if "shutting down" not in " ".join(each.cmdline())}


async def test_an_nginx_that_does_not_run_is_told(nginx_server: NginxServer) -> None:
    balancer = _balancer(nginx_server, pid_file=str(nginx_server.folder / "none.pid"))

    with pytest.raises(ActuatorError, match="no nginx runs") as raised:
        await balancer.spread_over(["127.0.0.1:8001"])

    assert raised.value.failure is Failure.NO_SUCH_THING


async def test_a_pid_file_that_names_a_stranger_reloads_nobody(nginx_server: NginxServer) -> None:
    stale = nginx_server.folder / "stale.pid"
    stale.write_text(str(os.getpid()))

    with pytest.raises(ActuatorError, match="no nginx runs"):
        await _balancer(nginx_server, pid_file=str(stale)).spread_over(["127.0.0.1:8001"])


async def test_an_nginx_that_is_not_installed_is_told(tmp_path: Path) -> None:
    front = NginxFront(listen=f"127.0.0.1:{free_port()}", program="nginx-of-nowhere")

    with pytest.raises(ActuatorError, match="not installed") as raised:
        await NginxBalancer("auth", front, tmp_path, tmp_path / "own", LIMIT, LIMIT).spread_over([])

    assert raised.value.failure is Failure.NOT_INSTALLED


async def test_a_port_that_is_taken_is_told_in_nginx_own_words(nginx_server: NginxServer, tmp_path: Path) -> None:
    front = NginxFront(listen=f"127.0.0.1:{nginx_server.port}")

    with pytest.raises(ActuatorError, match="Address already in use"):
        await NginxBalancer("auth", front, tmp_path, tmp_path / "own", LIMIT, LIMIT).spread_over([])


def test_no_idle_connection_of_a_client_can_be_cut_by_a_reload() -> None:
    older, newer = (
        OwnNginx("/f", "127.0.0.1:80", "auth", 1, LIMIT, version, can_defer=True).text()
        for version in ((1, 22, 1), (1, 28, 0))
    )

    assert "keepalive_timeout 0;" in older
    assert "keepalive_min_timeout 6s;" in newer


def test_least_conn_is_said_and_round_robin_is_nginx_own_way() -> None:
    assert "least_conn;" in upstream_text("auth", ["10.0.0.1:80"], "least_conn")
    assert "least_conn;" not in upstream_text("auth", ["10.0.0.1:80"], "round_robin")


@pytest.mark.parametrize("address", ["", "a;b:80", "127.0.0.1:80 down", "127.0.0.1:80;\n}"])
def test_an_address_that_would_be_read_as_something_else_is_refused(address: str) -> None:
    with pytest.raises(ActuatorError, match="no address"):
        upstream_text("auth", [address], "least_conn")
