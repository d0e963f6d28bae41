"""Who learns when: learners, their learning sessions, and the connections behind a session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koto.demand import DAY, GROWTH_DAYS, MINUTE, REGIONS, SESSION_MEAN_MINUTES, Micros, Scenario, sessions_per_minute

Ints = NDArray[np.int64]
Rng = np.random.Generator

STATUSES = ("active", "completed", "abandoned")
END_REASONS = ("client_close", "network", "timeout", "error")
NEVER_ENDED = -1

SESSION_SPREAD = 0.6  # sigma of the logarithm of a session's length
LONGEST_MINUTES = 120.0
SLOWDOWN_RAMP_MINUTES = 30.0


@dataclass(frozen=True)
class Users:
    """Row i is user i + 1, in the order of joining."""

    region: Ints
    created_at: Micros


@dataclass(frozen=True)
class Sessions:
    """Row i is session i + 1, in the order of starting; `ended_at` may lie after the end of the history."""

    user: Ints
    started_at: Micros
    ended_at: Micros
    abandoned: NDArray[np.bool_]


@dataclass(frozen=True)
class Connections:
    """WebSocket sessions, in the order of connecting; `reason` is an index into END_REASONS."""

    session: Ints
    connected_at: Micros
    ended_at: Micros
    reason: Ints


def slowness(at: Micros, scenario: Scenario) -> NDArray[np.float64]:
    """How far the AI provider has slowed down at each moment, from 0 to 1."""
    return np.clip((at - scenario.slow_from_micros) / MINUTE / SLOWDOWN_RAMP_MINUTES, 0, 1)


def make_users(scenario: Scenario, rng: Rng) -> Users:
    """Learners join as the demand grows; they are as many as the regions say when the history ends."""
    region = np.repeat(
        np.arange(len(REGIONS)), [max(20, round(region.learners * scenario.scale)) for region in REGIONS]
    )
    before = rng.exponential(GROWTH_DAYS * DAY, len(region)).astype(np.int64)
    joined = scenario.end_micros - before
    order = np.argsort(joined, kind="stable")
    return Users(region[order], joined[order])


def make_sessions(scenario: Scenario, users: Users, rng: Rng) -> Sessions:
    """Sessions start as the demand says; each is held by a learner of its region who had joined by then."""
    starts: list[Micros] = []
    holders: list[Ints] = []
    for region, expected in enumerate(sessions_per_minute(scenario)):
        minute = np.repeat(np.arange(len(expected)), rng.poisson(expected))
        started = scenario.minutes[minute] + rng.integers(0, MINUTE, len(minute))
        members = np.flatnonzero(users.region == region)
        joined = np.maximum(np.searchsorted(users.created_at[members], started), 1)
        # Those who joined lately learn more often than those who joined long ago.
        holders.append(members[joined - 1 - (joined * rng.random(len(minute)) ** 1.3).astype(np.int64)])
        starts.append(started)
    started_at = np.concatenate(starts)
    order = np.argsort(started_at, kind="stable")
    median = SESSION_MEAN_MINUTES / np.exp(SESSION_SPREAD**2 / 2)
    minutes = np.minimum(median * np.exp(SESSION_SPREAD * rng.standard_normal(len(order))), LONGEST_MINUTES)
    started_at = started_at[order]
    return Sessions(
        user=np.concatenate(holders)[order],
        started_at=started_at,
        ended_at=started_at + (minutes * MINUTE).astype(np.int64),
        abandoned=rng.random(len(order)) < 0.07,  # a share, named by its field
    )


def make_connections(scenario: Scenario, sessions: Sessions, rng: Rng) -> Connections:
    """A session is one connection, or several when the learner's network drops; more time out while the AI is slow."""
    pieces = 1 + rng.poisson(0.2, len(sessions.started_at))
    session = np.repeat(np.arange(len(pieces)), pieces)
    piece = np.arange(len(session)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    length = (sessions.ended_at - sessions.started_at)[session] // pieces[session]
    connected_at = sessions.started_at[session] + piece * length
    ended_at = connected_at + length
    last = piece == pieces[session] - 1
    chance = rng.random(len(session))
    timeout = 0.0025 + 0.03 * slowness(ended_at, scenario)
    reason = np.select(
        [chance < timeout, chance < timeout + 0.008, last],
        [END_REASONS.index("timeout"), END_REASONS.index("error"), END_REASONS.index("client_close")],
        END_REASONS.index("network"),
    )
    order = np.argsort(connected_at, kind="stable")
    return Connections(session[order], connected_at[order], ended_at[order], reason[order])


def open_sessions(sessions: Sessions, scenario: Scenario) -> Ints:
    """Number of sessions open at the start of each minute of the history."""
    looks = scenario.minutes
    started = np.searchsorted(sessions.started_at, looks, side="right")
    ended = np.searchsorted(np.sort(sessions.ended_at), looks, side="right")
    return started - ended
