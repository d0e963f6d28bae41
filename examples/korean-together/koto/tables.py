"""The made-up traffic as rows of the database: one `Table` per table, ready for COPY."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from koto.binary_copy import Column, Decimal, Document, Number, Word
from koto.calls import ERRORS, ROUTES, Calls
from koto.demand import REGIONS, Scenario
from koto.sessions import (
    END_REASONS,
    STATUSES,
    Connections,
    Ints,
    Sessions,
    Users,
    make_connections,
    make_sessions,
    make_users,
)
from koto.turns import EVENT_TYPES, NOT_SCORED, PASS_MARK, SKILLS, TUTOR_RESPONSE, Events, make_events


@dataclass(frozen=True)
class Table:
    """Rows of one table, column by column."""

    name: str
    columns: Mapping[str, Column]
    rows: int


def make_tables(scenario: Scenario) -> list[Table]:
    """Make up all traffic of a scenario, in an order that respects the foreign keys."""
    seeds = np.random.SeedSequence(scenario.seed).spawn(4)
    for_users, for_sessions, for_connections, for_events = (np.random.default_rng(seed) for seed in seeds)
    users = make_users(scenario, for_users)
    sessions = make_sessions(scenario, users, for_sessions)
    connections = make_connections(scenario, sessions, for_connections)
    events, calls = make_events(scenario, sessions, for_events)
    return [
        _users(users),
        _sessions(sessions, scenario),
        _connections(connections, scenario),
        _events(events),
        _calls(calls, events),
    ]


def _number(values: Ints, width: str = "i8") -> Number:
    """Whole numbers where negative stands for NULL."""
    null = values < 0
    return Number(values, width, null if null.any() else None)


def _id(rows: int) -> Number:
    return Number(np.arange(1, rows + 1), "i8")


def _past(moments: Ints, scenario: Scenario) -> Ints:
    """-1 for what has not happened yet at the end of the history."""
    return np.where(moments <= scenario.end_micros, moments, -1)


def _users(users: Users) -> Table:
    rows = len(users.region)
    columns = {
        "id": _id(rows),
        "region": Word(users.region, [region.code for region in REGIONS]),
        "created_at": Number(users.created_at, "i8"),
    }
    return Table("users", columns, rows)


def _sessions(sessions: Sessions, scenario: Scenario) -> Table:
    rows = len(sessions.user)
    ended_at = _past(sessions.ended_at, scenario)
    ended_as = np.where(sessions.abandoned, STATUSES.index("abandoned"), STATUSES.index("completed"))
    columns = {
        "id": _id(rows),
        "user_id": Number(sessions.user + 1, "i8"),
        "status": Word(np.where(ended_at < 0, STATUSES.index("active"), ended_as), STATUSES),
        "started_at": Number(sessions.started_at, "i8"),
        "ended_at": _number(ended_at),
    }
    return Table("learning_sessions", columns, rows)


def _connections(connections: Connections, scenario: Scenario) -> Table:
    begun = connections.connected_at <= scenario.end_micros
    ended_at = _past(connections.ended_at, scenario)[begun]
    rows = int(begun.sum())
    columns = {
        "id": _id(rows),
        "session_id": Number(connections.session[begun] + 1, "i8"),
        "connected_at": Number(connections.connected_at[begun], "i8"),
        "ended_at": _number(ended_at),
        "end_reason": Word(np.where(ended_at < 0, -1, connections.reason[begun]), END_REASONS),
    }
    return Table("websocket_sessions", columns, rows)


def _events(events: Events) -> Table:
    rows = len(events.kind)
    columns = {
        "id": _id(rows),
        "session_id": Number(events.session + 1, "i8"),
        "event_type": Word(events.kind, EVENT_TYPES),
        "score": _number(events.score, "i2"),
        "passed": Number(events.score >= PASS_MARK, "i1", events.score == NOT_SCORED),
        "primary_error_type": Word(events.error, SKILLS),
        "provider": Word(events.route, [route.provider for route in ROUTES]),
        "model": Word(events.route, [route.model for route in ROUTES]),
        "latency_ms": _number(events.latency_ms, "i4"),
        "detail": Document(_detail(events)),
        "created_at": Number(events.created_at, "i8"),
        "updated_at": _number(events.updated_at),
    }
    return Table("session_events", columns, rows)


def _detail(events: Events) -> Sequence[str | Word]:
    """`{"turn": 7, "input": "voice"}` of an answer, `{"turn": 7, "grammar": 81, ...}` of an evaluation."""
    how = np.where(events.kind == TUTOR_RESPONSE, events.voice.astype(np.int64), -1)
    scored = events.skills[:, 0] != NOT_SCORED
    parts: list[str | Word] = [
        '{"turn": ',
        Word(events.turn, [str(turn) for turn in range(int(events.turn.max(initial=0)) + 1)]),
        Word(how, [', "input": "text"', ', "input": "voice"']),
    ]
    for index, skill in enumerate(SKILLS):
        words = [f', "{skill}": {points}' for points in range(101)]
        parts.append(Word(np.where(scored, events.skills[:, index], -1), words))
    return [*parts, "}"]


def _calls(calls: Calls, events: Events) -> Table:
    rows = len(calls.event)
    judged = calls.tokens_in > 0
    columns = {
        "id": _id(rows),
        "session_id": Number(events.session[calls.event] + 1, "i8"),
        "event_id": Number(calls.event + 1, "i8"),
        "provider_type": Word(calls.route, [route.type for route in ROUTES]),
        "provider": Word(calls.route, [route.provider for route in ROUTES]),
        "model": Word(calls.route, [route.model for route in ROUTES]),
        "tokens_in": _number(np.where(judged, calls.tokens_in, -1), "i4"),
        "tokens_out": _number(np.where(judged, calls.tokens_out, -1), "i4"),
        "audio_duration_seconds": Decimal(calls.audio_ms * 1000, calls.audio_ms == 0),
        "latency_ms": _number(calls.latency_ms, "i4"),
        "success": Number(calls.error < 0, "i1"),
        "error_code": Word(calls.error, [code for code, _ in ERRORS]),
        "error_message": Word(calls.error, [message for _, message in ERRORS]),
        "estimated_cost_usd": Decimal(calls.cost_millionths),
        "created_at": Number(calls.created_at, "i8"),
    }
    return Table("ai_usage_log", columns, rows)
