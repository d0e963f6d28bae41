"""Recorded series show themselves to the contract suite."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, labels_of
from outgrow.observe.recorded import RecordedSignals
from outgrow.plan.sources import RecordedRead, RecordedSource
from tests.contracts.signal_sources import Exhibit
from tests.observe.reads import signal

MINUTES = 120


@asynccontextmanager
async def exhibit(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Exhibit]:  # noqa: ARG001 (as all)
    now = datetime.now(UTC)
    begin = now - timedelta(minutes=MINUTES)
    rows = ["time,region,requests,errors"]
    for minute in range(MINUTES + 5):
        at = (begin + timedelta(minutes=minute)).isoformat()
        rows += [f"{at},kr,{'' if minute == 60 else minute},", f"{at},id,7,"]
    (folder / "load.csv").write_text("\n".join(rows) + "\n")

    def source(path: str) -> RecordedSignals:
        return RecordedSignals(RecordedSource(kind="recorded", path=path), {}, folder)

    def kr(column: str) -> RecordedRead:
        return RecordedRead(column=column, where={"region": "kr"})

    shown = Exhibit(
        source=source("load.csv"),
        known=signal(RecordedRead(column="requests", where={"region": "id"}), unit="requests"),
        value=7,
        labelled=(
            signal(RecordedRead(column="requests"), by=("region",)),
            {labels_of({"region": "id"}): 7, labels_of({"region": "kr"}): MINUTES},
        ),
        absent=(signal(kr("errors")), Absence.NULL),
        broken=(signal(RecordedRead(column="reqests")), Failure.NO_SUCH_THING),
        past=(
            signal(kr("requests")),
            {
                begin - timedelta(minutes=1): Absence.EMPTY_WINDOW,
                begin: 0.0,
                begin + timedelta(minutes=59): 59.0,
                begin + timedelta(minutes=60): Absence.NULL,
                begin + timedelta(minutes=61, seconds=30): 61.0,
                begin + timedelta(minutes=MINUTES + 6): float(MINUTES + 4),
                begin + timedelta(minutes=MINUTES + 7): Absence.EMPTY_WINDOW,
            },
        ),
        only_present=signal(kr("requests"), history="journal"),
        unreachable=source("nothing.csv"),
        unreachable_failure=Failure.NO_SUCH_THING,
    )
    try:
        yield shown
    finally:
        await shown.source.aclose()
