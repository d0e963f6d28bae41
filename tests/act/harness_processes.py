"""Local processes show themselves to the contract suite."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from outgrow.plan.run_targets import ProcessTarget
from outgrow.ports import Actuator
from outgrow.wiring import open_actuator
from tests.contracts.actuators import Exhibit, until

REPLICA = Path(__file__).with_name("replica.py")


def target(*arguments: str, **more: Any) -> ProcessTarget:
    """Give a run target of the small service in tests/act/replica.py."""
    return ProcessTarget.model_validate(
        {
            "kind": "processes",
            "command": [sys.executable, "-S", "-E", str(REPLICA), "{port}", "--name", "{replica}", *arguments],
            "ready": {"http": "/healthz", "every": "20ms", "within": "30s"},
            "stop": {"drain": "5s", "grace": "5s"},
            **more,
        }
    )


def opened(folder: Path, declared: ProcessTarget, service: str = "auth", **more: Any) -> Actuator:
    """Open the actuator with an environment as small as can be."""
    return open_actuator(service, declared, {"PATH": os.environ["PATH"]}, folder, **more)


def pids(folder: Path) -> dict[str, int]:
    """Give the processes of a folder's replicas, by replica, whatever the state file says."""
    found: dict[str, int] = {}
    for each in psutil.process_iter():
        try:
            words = each.cmdline()
            if str(REPLICA) in words and each.environ().get("OUTGROW_REPLICA") and each.cwd() == str(folder):
                found[words[words.index("--name") + 1]] = each.pid
        except psutil.Error:
            continue
    return found


async def none_left(actuator: Actuator) -> None:
    """End every replica."""
    await actuator.scale_to(0)
    await until(actuator, lambda found: not found.each)
    await actuator.aclose()


@asynccontextmanager
async def exhibit(_: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    shown = Exhibit(opened(folder, target()))

    async def reopen() -> Actuator:
        await shown.actuator.aclose()
        shown.actuator = opened(folder, target())
        return shown.actuator

    async def kill(name: str) -> None:
        os.kill(pids(folder)[name], signal.SIGKILL)

    shown.reopen, shown.kill, shown.is_there = reopen, kill, lambda name: name in pids(folder)
    try:
        yield shown
    finally:
        await none_left(shown.actuator)
