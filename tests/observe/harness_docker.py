"""The Docker adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, labels_of
from outgrow.observe.docker import DockerSignals
from outgrow.plan.sources import DockerRead, DockerSource
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal
from tests.observe.targets import hang, target
from tests.servers.docker import DockerEngine

QUOTA_CORES = 0.5


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    engine = request.getfixturevalue("docker_engine")
    first, second = _workers(engine)
    async with target({"/containers/json": hang}) as silent:

        def source(url: str, timeout: str = "10s") -> DockerSignals:
            return DockerSignals(DockerSource(kind="docker", url=url, timeout=Duration.parse(timeout)), {}, folder)

        shown = Exhibit(
            source=source(engine.url),
            known=signal(DockerRead(container=first, metric="cpu_limit"), unit="cores"),
            value=QUOTA_CORES,
            labelled=(
                signal(DockerRead(container="worker", metric="cpu_limit"), unit="cores", by=("container",)),
                {labels_of({"container": each}): QUOTA_CORES for each in (first, second)},
            ),
            absent=(
                signal(DockerRead(container=first, metric="memory_share"), unit="percent"),
                Absence.UNLIMITED,
            ),
            broken=(signal(DockerRead(container="wroker", metric="pids")), Failure.NO_SUCH_THING),
            only_present=signal(DockerRead(container=first, metric="pids")),
            unreachable=source(f"unix://{folder}/none.sock"),
            unreachable_failure=Failure.UNREACHABLE,
            hanging=source(f"tcp://127.0.0.1:{silent.port}", "300ms"),
        )
        try:
            yield shown
        finally:
            await shown.source.aclose()


def _workers(engine: DockerEngine) -> tuple[str, str]:
    """Start the two containers of a Compose service, once a run: the engine takes them along when it ends."""
    names = ("koto-worker-1", "koto-worker-2")
    present = {each["Names"][0] for each in engine.call("GET", "/containers/json")}
    labels = {"com.docker.compose.service": "worker", "com.docker.compose.project": "koto"}
    for name in names:
        if f"/{name}" not in present:
            engine.run("sleep 600", name=name, cpus=QUOTA_CORES, labels=labels)
    return names
