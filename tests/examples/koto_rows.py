"""Rows written by hand into the schema of Korean Together, and its plan's queries asked of them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import yaml

PLAN = Path(__file__).resolve().parents[2] / "examples" / "korean-together" / "plan.yaml"
NOW = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)


def ago(**span: float) -> datetime:
    """A moment before NOW, as the columns hold it: UTC without a zone."""
    return (NOW - timedelta(**span)).replace(tzinfo=None)


def query_of(signal: str) -> str:
    """The SQL of a signal of the plan."""
    return yaml.safe_load(PLAN.read_text(encoding="utf-8"))["signals"][signal]["query"]


def sql_signals() -> dict[str, str]:
    """Every signal of the plan that asks the database about a past moment, with its SQL."""
    signals = yaml.safe_load(PLAN.read_text(encoding="utf-8"))["signals"]
    return {name: signal["query"] for name, signal in signals.items() if ":now" in signal.get("query", "")}


def bound(query: str, moment: str = "$1::timestamptz") -> str:
    """The query with `:now` replaced; none of the plan's queries has it in a string or a comment."""
    return re.sub(r"(?<!:):now\b", moment, query)


async def ask(connection: asyncpg.Connection, signal: str, now: datetime = NOW) -> list[dict[str, Any]]:
    """What a signal's query answers at a moment."""
    query = query_of(signal)
    rows = await connection.fetch(bound(query), *([now] if ":now" in query else []))
    return [dict(row) for row in rows]


async def ask_one(connection: asyncpg.Connection, signal: str, now: datetime = NOW) -> dict[str, Any]:
    """The only row that a signal's query answers."""
    (row,) = await ask(connection, signal, now)
    return row


async def insert(connection: asyncpg.Connection, table: str, *rows: dict[str, Any]) -> None:
    """Insert rows; columns left out keep their defaults."""
    for row in rows:
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())


def event(number: int, created_at: datetime, latency_ms: int | None, kind: str = "tutor_response") -> dict[str, Any]:
    """A row of session_events."""
    return {"id": number, "session_id": 1, "event_type": kind, "latency_ms": latency_ms, "created_at": created_at}


def call(event_id: int, latency_ms: int | None, created_at: datetime, **other: Any) -> dict[str, Any]:
    """A row of ai_usage_log."""
    return {
        "event_id": event_id,
        "provider_type": "eval",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "latency_ms": latency_ms,
        "success": True,
        "created_at": created_at,
    } | other
