"""The Redis adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence
from outgrow.observe.redis import RedisSignals
from outgrow.plan.sources import RedisRead, RedisSource
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal
from tests.servers.process import free_port


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    server = request.getfixturevalue("redis_with_password")
    proxy = request.getfixturevalue("faulty_proxy")(server.port)
    proxy.hang()
    with server.client() as client:
        client.mset({f"session:{index}": "x" for index in range(25)})

    def source(port: int, timeout: str = "5s") -> RedisSignals:
        url = f"redis://:${{PASSWORD}}@127.0.0.1:{port}/0"
        options = RedisSource(kind="redis", url=url, timeout=Duration.parse(timeout))
        return RedisSignals(options, {"PASSWORD": server.password}, folder)

    shown = Exhibit(
        source=source(server.port),
        known=signal(RedisRead(metric="dbsize"), unit="keys"),
        value=25,
        absent=(signal(RedisRead(metric="memory_share"), unit="percent"), Absence.UNLIMITED),
        broken=(signal(RedisRead(metric="info", field="used_memroy")), Failure.NO_SUCH_THING),
        only_present=signal(RedisRead(metric="dbsize")),
        unreachable=source(free_port()),
        hanging=source(proxy.port, "300ms"),
        secret=server.password,
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()
