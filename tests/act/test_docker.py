"""Containers as replicas: cloned without what belongs to one alone, health checks respected, refusals told."""

from pathlib import Path
from typing import Any

import pytest

from outgrow.act.docker.host import clone_of
from outgrow.errors import ActuatorError, Failure
from outgrow.facts.replicas import ReplicaPhase
from outgrow.plan.run_targets import DockerTarget
from outgrow.wiring import open_actuator
from tests.act.harness_docker import SERVE, containers, declared, define, none_left
from tests.contracts.actuators import settled, until
from tests.servers.docker import DockerEngine

DEFINITION: dict[str, Any] = {
    "Id": "0123456789abcdef",
    "Name": "/shop-auth-1",
    "Config": {
        "Image": "auth:7",
        "Env": ["A=1"],
        "Hostname": "0123456789ab",
        "Labels": {"com.docker.compose.service": "auth", "team": "shop"},
    },
    "HostConfig": {
        "NetworkMode": "shop_default",
        "Memory": 268435456,
        "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]},
        "RestartPolicy": {"Name": "always"},
    },
    "NetworkSettings": {"Networks": {"shop_default": {"Aliases": ["auth", "0123456789ab"], "IPAddress": "172.18.0.2"}}},
}


def test_a_clone_has_everything_but_what_belongs_to_one_container_alone() -> None:
    wanted = clone_of(DEFINITION, "auth", "t0ken")

    assert wanted["Image"] == "auth:7"
    assert wanted["Env"] == ["A=1"]
    assert wanted["HostConfig"]["Memory"] == 268435456
    assert wanted["Labels"] == {"team": "shop", "outgrow.service": "auth", "outgrow.replica": "t0ken"}
    assert "Hostname" not in wanted
    assert wanted["HostConfig"]["PortBindings"] == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    assert wanted["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert wanted["NetworkingConfig"] == {"EndpointsConfig": {"shop_default": {"Aliases": ["auth"]}}}


def test_a_clone_leaves_its_definition_as_it_was() -> None:
    before = repr(DEFINITION)

    clone_of(DEFINITION, "auth", "t0ken")

    assert repr(DEFINITION) == before


async def test_a_container_is_ready_when_its_own_health_check_says_so(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    # It listens at once, and is healthy only once somebody has said so.
    health = {"Test": ["CMD-SHELL", "test -e /tmp/well"], "Interval": 100_000_000, "Retries": 1_000}
    like = define(docker_engine, "patient", SERVE, Healthcheck=health)
    actuator = open_actuator("patient", declared(docker_engine.url, like), {}, tmp_path)
    try:
        await actuator.scale_to(1)
        seen = await until(actuator, lambda found: bool(found.each and found.each[0].address))
        assert seen.each[0].phase is ReplicaPhase.STARTING

        (container,) = containers(docker_engine, "patient")
        made = docker_engine.call("POST", f"/containers/{container['Id']}/exec", json={"Cmd": ["touch", "/tmp/well"]})
        docker_engine.call("POST", f"/exec/{made['Id']}/start", json={"Detach": True})

        assert (await settled(actuator, 1)).ready == 1
    finally:
        await none_left(actuator)
        docker_engine.remove(like)


async def test_a_definition_that_does_not_exist_is_told_with_those_that_do(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    like = define(docker_engine, "the-real-one")
    actuator = open_actuator("auth", declared(docker_engine.url, "the-rael-one"), {}, tmp_path)
    try:
        with pytest.raises(ActuatorError, match="the-real-one") as raised:
            await actuator.scale_to(1)
        assert raised.value.failure is Failure.NO_SUCH_THING
    finally:
        await none_left(actuator)
        docker_engine.remove(like)


async def test_a_container_that_cannot_be_started_is_told_removed_and_tried_again(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    like = define(docker_engine, "unstartable", Cmd=["/no/such/program"])
    actuator = open_actuator("broken", declared(docker_engine.url, like), {}, tmp_path)
    said = ""
    try:
        with pytest.raises(ActuatorError, match="no/such/program"):
            await actuator.scale_to(1)
        for _ in range(20):
            try:
                said += " ".join(await actuator.tend())
            except ActuatorError as error:
                said += error.what

        assert "failed: exit code 127" in said
        assert len(containers(docker_engine, "broken")) <= 1  # the newest try, if any
        await actuator.scale_to(0)
        await actuator.tend()
        assert containers(docker_engine, "broken") == []
    finally:
        await none_left(actuator)
        docker_engine.remove(like)


async def test_an_engine_that_is_not_there_is_told(tmp_path: Path) -> None:
    actuator = open_actuator("auth", declared(f"unix://{tmp_path}/none.sock", "auth"), {}, tmp_path)

    with pytest.raises(ActuatorError) as raised:
        await actuator.scale_to(1)

    assert raised.value.failure is Failure.UNREACHABLE
    await actuator.aclose()


def test_a_front_needs_a_port(tmp_path: Path) -> None:
    target = DockerTarget.model_validate({"kind": "docker", "like": "auth", "behind": {"listen": "127.0.0.1:80"}})

    with pytest.raises(ActuatorError, match="behind needs a port"):
        open_actuator("auth", target, {}, tmp_path)
