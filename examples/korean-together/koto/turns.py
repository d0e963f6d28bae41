"""What happens in a session: turns the tutor answers, evaluations, hints, saved words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from koto.calls import NO_ROUTE, Calls, Needs, make_calls
from koto.demand import DAY, MINUTE, Floats, Micros, Scenario
from koto.sessions import Ints, Rng, Sessions, open_sessions

EVENT_TYPES = ("tutor_response", "evaluation", "hint", "vocabulary_saved")
TUTOR_RESPONSE, EVALUATION, HINT, VOCABULARY_SAVED = range(4)
SKILLS = ("grammar", "vocabulary", "pronunciation", "formality")
NO_SKILL = -1
NOT_SCORED = -1

TURNS_PER_MINUTE = 0.48
BY_VOICE = 0.65
SPEECH_CACHED = 0.15  # answers whose audio is at hand already
PASS_MARK = 60
NO_ERROR_FROM = 92


@dataclass(frozen=True)
class Events:
    """Rows in the order of arrival, so row i is event i + 1; nothing is dated after the end of the history."""

    session: Ints
    kind: Ints
    turn: Ints
    created_at: Micros
    updated_at: Micros  # -1 where the row never changed
    latency_ms: Ints  # the whole turn; -1 where it is not known
    skills: Ints  # [row, skill], 0 to 100; NOT_SCORED unless this is an evaluation that was answered
    score: Ints
    error: Ints  # the weakest skill, or NO_SKILL
    route: Ints  # of the model that judged, or NO_ROUTE
    voice: NDArray[np.bool_]


def make_events(scenario: Scenario, sessions: Sessions, rng: Rng) -> tuple[Events, Calls]:
    """Every event with the AI calls that served it; `Calls.event` counts rows of the events, from 0."""
    session, kind, turn, begun_at = _happenings(sessions, scenario, rng)
    voice = (kind == TUTOR_RESPONSE) & (rng.random(len(kind)) < BY_VOICE)
    spoken = (kind == TUTOR_RESPONSE) & (rng.random(len(kind)) >= SPEECH_CACHED)
    calls = make_calls(scenario, Needs(begun_at, stt=voice, eval=kind <= EVALUATION, tts=spoken), rng)
    own_ms = _own_time(kind, _load(begun_at, sessions, scenario), rng)
    latency_ms = np.rint(own_ms + calls.total_ms(len(kind))).astype(np.int64)
    created_at = begun_at + latency_ms * 1000
    arrived_at = created_at + _lateness(len(kind), rng)
    kept = np.flatnonzero((arrived_at <= scenario.end_micros) & (begun_at < sessions.ended_at[session]))
    order = kept[np.argsort(arrived_at[kept], kind="stable")]
    route = calls.answering_route("eval", len(kind))
    skills = _skills(kind, route, rng)
    score = np.where(skills[:, 0] == NOT_SCORED, NOT_SCORED, np.rint(skills.mean(axis=1)).astype(np.int64))
    updated_at = np.where(arrived_at - created_at > MINUTE, arrived_at, -1)
    scored_again = (kind == EVALUATION) & (rng.random(len(kind)) < 0.02)  # a share, named here
    scored_again_at = created_at + (rng.random(len(kind)) * DAY / 4).astype(np.int64)
    updated_at = np.where(scored_again & (scored_again_at <= scenario.end_micros), scored_again_at, updated_at)
    unknown = rng.random(len(kind)) < 0.008  # the client left before the turn's end
    events = Events(
        session=session[order],
        kind=kind[order],
        turn=turn[order],
        created_at=created_at[order],
        updated_at=updated_at[order],
        latency_ms=np.where(unknown, -1, latency_ms)[order],
        skills=skills[order],
        score=score[order],
        error=_primary_error(skills)[order],
        route=route[order],
        voice=voice[order],
    )
    return events, calls.of_events(order, len(kind))


def _happenings(sessions: Sessions, scenario: Scenario, rng: Rng) -> tuple[Ints, Ints, Ints, Micros]:
    """(session, kind, number of the turn, begin) of everything that happens, unsorted."""
    until = np.minimum(sessions.ended_at, scenario.end_micros)
    logged = sessions.started_at >= scenario.start_micros
    minutes = np.where(logged, until - sessions.started_at, 0) / MINUTE
    turns = rng.poisson(minutes * TURNS_PER_MINUTE)
    session = np.repeat(np.arange(len(turns)), turns)
    begun_at = sessions.started_at[session] + (rng.random(len(session)) * minutes[session] * MINUTE).astype(np.int64)
    by_time = np.lexsort((begun_at, session))
    begun_at = begun_at[by_time]
    turn = 1 + np.arange(len(session)) - np.repeat(np.cumsum(turns) - turns, turns)
    chosen = {
        TUTOR_RESPONSE: np.arange(len(session)),
        EVALUATION: np.flatnonzero(rng.random(len(session)) < 0.55),  # share of turns
        HINT: np.flatnonzero(rng.random(len(session)) < 0.08),
        VOCABULARY_SAVED: np.flatnonzero(rng.random(len(session)) < 0.12),
    }
    rows = np.concatenate(list(chosen.values()))
    kind = np.repeat(list(chosen), [len(found) for found in chosen.values()])
    after_the_answer = np.where(kind == TUTOR_RESPONSE, 0, rng.integers(1_500_000, 9_000_000, len(kind)))
    return session[rows], kind, turn[rows], begun_at[rows] + after_the_answer


def _load(at: Micros, sessions: Sessions, scenario: Scenario) -> Floats:
    """Open sessions at the minute of each moment, at scale 1: a bigger site has a bigger machine."""
    open_by_minute = open_sessions(sessions, scenario)
    minute = np.minimum((at - scenario.first_session_micros) // MINUTE, len(open_by_minute) - 1)
    return open_by_minute[minute] / scenario.scale


def _own_time(kind: Ints, load: Floats, rng: Rng) -> Floats:
    """Milliseconds a turn spends outside the AI providers: API, database and queueing, which grow with the load."""
    typical = np.array([186.0, 116.0, 35.0, 30.0])[kind] + np.array([2.1, 1.1, 0.3, 0.3])[kind] * load
    return typical * np.exp(0.25 * rng.standard_normal(len(kind)))


def _lateness(count: int, rng: Rng) -> Micros:
    """Most rows are written when they happen; some wait in a client that is offline."""
    late = rng.random(count) < 0.004  # a share, named here
    return np.where(late, rng.exponential(40 * MINUTE, count), 0).astype(np.int64)


def _skills(kind: Ints, route: Ints, rng: Rng) -> Ints:
    mastery = 77 + 9 * rng.standard_normal(len(kind))
    each = mastery[:, None] + np.array([-3.0, 1.0, -1.0, 2.0]) + 8 * rng.standard_normal((len(kind), len(SKILLS)))
    scored = (kind == EVALUATION) & (route != NO_ROUTE)
    return np.where(scored[:, None], np.clip(np.rint(each), 0, 100).astype(np.int64), NOT_SCORED)


def _primary_error(skills: Ints) -> Ints:
    """The weakest skill; none where even that one is good, or nothing was scored."""
    weakest = skills.min(axis=1)
    return np.where((weakest == NOT_SCORED) | (weakest >= NO_ERROR_FROM), NO_SKILL, skills.argmin(axis=1))
