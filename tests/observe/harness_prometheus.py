"""The Prometheus adapter shows itself to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, labels_of
from outgrow.observe.prometheus import PrometheusSignals
from outgrow.plan.sources import PrometheusSource, PromQuery
from outgrow.quantity import Duration
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal
from tests.servers.process import free_port

SECRET = "t0p-s3cret"


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:
    server = request.getfixturevalue("prometheus_server")
    proxy = request.getfixturevalue("faulty_proxy")(server.port)
    proxy.hang()
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    begin = hour - timedelta(hours=6)
    seconds = begin.timestamp()
    lines = [f'queue_length{{region="kr"}} {minute} {seconds + 60 * minute}' for minute in range(120)]
    if not server.query("/api/v1/label/__name__/values"):
        server.load("\n".join(["# TYPE queue_length gauge", *lines, "# EOF"]) + "\n")

    def source(port: int, timeout: str = "5s") -> PrometheusSignals:
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": "Bearer ${TOKEN}"}
        options = PrometheusSource(kind="prometheus", url=url, headers=headers, timeout=Duration.parse(timeout))
        return PrometheusSignals(options, {"TOKEN": SECRET}, folder)

    regions = 'label_replace(vector(3), "region", "kr", "", "") or label_replace(vector(4), "region", "id", "", "")'
    shown = Exhibit(
        source=source(server.port),
        known=signal(PromQuery(query="vector(42)")),
        value=42,
        labelled=(
            signal(PromQuery(query=regions), by=("region",)),
            {labels_of({"region": "kr"}): 3, labels_of({"region": "id"}): 4},
        ),
        absent=(signal(PromQuery(query="no_such_metric")), Absence.EMPTY_WINDOW),
        broken=(signal(PromQuery(query="sum(")), Failure.BAD_QUERY),
        past=(
            signal(PromQuery(query="queue_length")),
            {
                begin - timedelta(minutes=30): Absence.EMPTY_WINDOW,
                begin: 0.0,
                begin + timedelta(minutes=1): 1.0,
                begin + timedelta(minutes=2): 2.0,
                begin + timedelta(minutes=2, seconds=17): 2.0,
                begin + timedelta(minutes=110): 110.0,
                begin + timedelta(hours=4): Absence.EMPTY_WINDOW,
            },
        ),
        only_present=signal(PromQuery(query="queue_length"), history="journal"),
        unreachable=source(free_port()),
        hanging=source(proxy.port, "300ms"),
        secret=SECRET,
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()
