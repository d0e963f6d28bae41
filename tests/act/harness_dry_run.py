"""The dry run shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outgrow.plan.run_targets import DryRunTarget
from outgrow.quantity import Duration
from outgrow.wiring import open_actuator
from tests.contracts.actuators import Exhibit


@asynccontextmanager
async def exhibit(_: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    target = DryRunTarget(kind="dry_run", replicas=0, start_up=Duration.parse("50ms"))
    yield Exhibit(open_actuator("auth", target, {}, folder))
