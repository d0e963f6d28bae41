"""The Docker adapter shows itself to the contract suite."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outgrow.plan.run_targets import DockerTarget
from outgrow.ports import Actuator
from outgrow.wiring import open_actuator
from tests.contracts.actuators import Exhibit, until
from tests.servers.docker import IMAGE, SHELL, DockerEngine

SERVE = "trap 'kill $!; exit 0' TERM; mkdir -p /tmp/w; echo fine >/tmp/w/healthz; httpd -f -p 8000 -h /tmp/w & wait"


def declared(engine_url: str, like: str, **more: Any) -> DockerTarget:
    """Give a run target of containers made like one."""
    return DockerTarget.model_validate(
        {
            "kind": "docker",
            "url": engine_url,
            "like": like,
            "port": 8000,
            "ready": {"http": "/healthz", "every": "20ms", "within": "40s"},
            "stop": {"drain": "5s", "grace": "5s"},
            **more,
        }
    )


def define(engine: DockerEngine, name: str, script: str = SERVE, **more: Any) -> str:
    """Make a container that defines a service and never runs; give its name."""
    host = {"NetworkMode": engine.network, "RestartPolicy": {"Name": "always"}, "NanoCpus": 500_000_000}
    wanted = {"Image": IMAGE, "Cmd": [SHELL, "-c", script], "HostConfig": host, "Labels": {"team": "shop"}, **more}
    engine.call("POST", "/containers/create", params={"name": name}, json=wanted)
    return name


def containers(engine: DockerEngine, service: str) -> list[dict[str, Any]]:
    """Give a service's containers, running or not."""
    filters = json.dumps({"label": [f"outgrow.service={service}"]})
    return engine.call("GET", "/containers/json", params={"all": "1", "filters": filters})


async def none_left(actuator: Actuator) -> None:
    """Remove every replica."""
    await actuator.scale_to(0)
    await until(actuator, lambda found: not found.each)
    await actuator.aclose()


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    engine: DockerEngine = request.getfixturevalue("docker_engine")
    definition = define(engine, f"auth-definition-{folder.name}")

    def opened(url: str, **more: Any) -> Actuator:
        return open_actuator("auth", declared(url, definition, **more), {}, folder)

    shown = Exhibit(opened(engine.url))

    def identity(name: str) -> str | None:
        state = json.loads((folder / ".outgrow" / "auth" / "state.json").read_text())
        return next((each["handle"]["id"] for each in state["replicas"] if each["name"] == name), None)

    async def reopen() -> Actuator:
        await shown.actuator.aclose()
        shown.actuator = opened(engine.url)
        return shown.actuator

    async def kill(name: str) -> None:
        engine.call("POST", f"/containers/{identity(name)}/kill")

    def is_there(name: str) -> bool:
        wanted = identity(name)
        return wanted in {each["Id"] for each in containers(engine, "auth")}

    shown.reopen, shown.kill, shown.is_there = reopen, kill, is_there
    try:
        yield shown
    finally:
        await none_left(shown.actuator)
        engine.remove(definition)
