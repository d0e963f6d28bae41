"""What an event says is put into the language where outgrow said it; what somebody wrote stays."""

from datetime import UTC, datetime
from typing import Any

import pytest

from outgrow.facts.decisions import Event, EventKind
from outgrow.report.happened import event_text
from outgrow.report.words import texts_of

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def in_korean(kind: EventKind, detail: dict[str, Any]) -> str:
    return event_text(Event(kind, NOW, NOW, NOW, "", detail), texts_of("ko"))


@pytest.mark.parametrize("kind", [EventKind.NOTE, EventKind.DEPLOYMENT, EventKind.MAINTENANCE, EventKind.LOAD_TEST])
@pytest.mark.parametrize("text", ["schedule", "2.0 -> 2.1 (schedule)", "no data; migrating", "3 arrivals to the gate"])
def test_what_somebody_noted_stays_though_it_looks_like_a_sentence_of_ours(kind: EventKind, text: str) -> None:
    assert in_korean(kind, {"text": text}) == text


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        (EventKind.SCALING, {"text": "1 -> 3 (schedule)"}, "1 -> 3 (일정)"),
        (EventKind.PROOF, {"text": "not proven"}, "증명되지 않음"),
        (EventKind.LOAD_TEST, {"text": "3 arrivals to web", "scenario": "peak"}, "대상 web, 도착 3건"),
    ],
)
def test_what_outgrow_noted_is_told_in_korean(kind: EventKind, detail: dict[str, Any], told: str) -> None:
    assert in_korean(kind, detail) == told
