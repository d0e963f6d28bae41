"""The process adapter shows itself to the contract suite."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.observe.process import ProcessSignals
from outgrow.plan.sources import ProcessRead, ProcessSource
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:  # noqa: ARG001 (as all)
    mark = f"outgrow-test-{folder.name}"
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", mark])
    shown = Exhibit(
        source=ProcessSignals(ProcessSource(kind="process", command=mark), {}, folder),
        known=signal(ProcessRead(metric="count"), unit="processes"),
        value=1,
        broken=(signal(ProcessRead(metric="memory"), unit="s"), Failure.BAD_QUERY),
        only_present=signal(ProcessRead(metric="count")),
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()
        child.kill()
        child.wait()
