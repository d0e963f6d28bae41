"""The HTTP probe shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence
from outgrow.observe.http import HttpSignals
from outgrow.plan.sources import HttpRead, HttpSource
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal
from tests.observe.targets import answer_json, hang, target
from tests.servers.process import free_port

SECRET = "t0p-s3cret"


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:  # noqa: ARG001 (as all)
    routes = {"/": answer_json({"queue": {"length": 7, "oldest": None}}), "/hang/": hang}
    async with target(routes) as server:

        def source(url: str, timeout: str = "5s") -> HttpSignals:
            headers = {"Authorization": "Bearer ${TOKEN}"}
            options = HttpSource(kind="http", url=url, headers=headers, timeout=Duration.parse(timeout))
            return HttpSignals(options, {"TOKEN": SECRET}, folder)

        def read(path: str) -> HttpRead:
            return HttpRead(metric="json", json_path=path)

        shown = Exhibit(
            source=source(f"{server.url}/"),
            known=signal(read("$.queue.length"), unit="jobs"),
            value=7,
            absent=(signal(read("$.queue.oldest"), unit="s"), Absence.NULL),
            broken=(signal(read("$.queue.lenght")), Failure.NO_SUCH_THING),
            only_present=signal(HttpRead(metric="up")),
            unreachable=source(f"http://127.0.0.1:{free_port()}/"),
            hanging=source(f"{server.url}/hang/", "300ms"),
            secret=SECRET,
        )
        try:
            yield shown
        finally:
            await shown.source.aclose()
