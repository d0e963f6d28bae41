"""Calls to AI providers: how long they take, which fail, what they cost."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from koto.demand import Floats, Micros, Scenario
from koto.sessions import Ints, Rng, slowness

TYPES = ("stt", "eval", "tts")  # in the order in which a turn calls them
ERRORS = (
    ("timeout", "no answer within 2 s"),
    ("rate_limited", "429 Too Many Requests"),
    ("server_error", "503 Service Unavailable"),
    ("connection_refused", "could not connect"),
)
NO_ERROR = -1
NOT_ANSWERED = -1
NO_ROUTE = -1


@dataclass(frozen=True)
class Route:
    """A model that serves one type of call; the first of its type is preferred, the second is the fallback."""

    type: str
    provider: str
    model: str
    share: float
    typical_ms: float
    usd_per_million: tuple[float, float, float]  # tokens in, tokens out, seconds of audio
    slows_down: bool = False


# Prices are round figures for a demo, not anybody's price list.
ROUTES = (
    Route("stt", "openai", "whisper-1", 0.8, 95.0, (0, 0, 100.0), slows_down=True),
    Route("stt", "google", "chirp-2", 0.2, 105.0, (0, 0, 110.0)),
    Route("eval", "openai", "gpt-4o-mini", 0.8, 150.0, (0.15, 0.60, 0), slows_down=True),
    Route("eval", "google", "gemini-1.5-flash", 0.2, 165.0, (0.13, 0.50, 0)),
    Route("tts", "google", "neural2-ko", 0.7, 74.0, (0, 0, 170.0)),
    Route("tts", "naver", "clova-premium", 0.3, 80.0, (0, 0, 215.0)),
)

SLOWDOWN = 2.3  # a slow provider takes this much longer on top
FAILURES = 0.012
FAILURES_WHEN_SLOW = 0.05


@dataclass(frozen=True)
class Needs:
    """Which calls each event needs, and when its turn begins."""

    begun_at: Micros
    stt: NDArray[np.bool_]
    eval: NDArray[np.bool_]
    tts: NDArray[np.bool_]


@dataclass(frozen=True)
class Calls:
    """Rows of ai_usage_log; `route` is an index into ROUTES, `error` into ERRORS or NO_ERROR."""

    event: Ints
    route: Ints
    error: Ints
    latency_ms: Ints  # NOT_ANSWERED where the call failed before it was answered
    tokens_in: Ints
    tokens_out: Ints
    audio_ms: Ints
    cost_millionths: Ints
    created_at: Micros

    def total_ms(self, events: int) -> Floats:
        """AI time of each event."""
        return np.bincount(self.event, np.maximum(self.latency_ms, 0), minlength=events).astype(np.float64)

    def answering_route(self, call_type: str, events: int) -> Ints:
        """The route that answered each event's call of this type; NO_ROUTE where none did."""
        of_type = np.array([route.type == call_type for route in ROUTES])[self.route]
        answered = np.flatnonzero(of_type & (self.error == NO_ERROR))
        routes = np.full(events, NO_ROUTE)
        routes[self.event[answered]] = self.route[answered]
        return routes

    def of_events(self, order: Ints, events: int) -> "Calls":
        """The calls of the chosen events only, renumbered to the events' new order and sorted by time."""
        position = np.full(events, -1)
        position[order] = np.arange(len(order))
        kept = np.flatnonzero(position[self.event] >= 0)
        kept = kept[np.argsort(self.created_at[kept], kind="stable")]
        columns = {field.name: getattr(self, field.name)[kept] for field in fields(self)}
        return Calls(**(columns | {"event": position[columns["event"]]}))


def make_calls(scenario: Scenario, needs: Needs, rng: Rng) -> Calls:
    """The calls of every event in turn: transcribe, judge and answer, speak; a failed call is tried elsewhere once."""
    clock = needs.begun_at + 60_000  # the API's own first steps
    made: list[Calls] = []
    for call_type in TYPES:
        event = np.flatnonzero(getattr(needs, call_type))
        first = _attempt(scenario, call_type, event, clock[event], None, rng)
        failed = np.flatnonzero(first.error != NO_ERROR)
        second = _attempt(scenario, call_type, event[failed], first.created_at[failed], first.route[failed], rng)
        clock = clock.copy()
        clock[event] = first.created_at
        clock[event[failed]] = second.created_at
        made += [first, second]
    columns = {field.name: np.concatenate([getattr(calls, field.name) for calls in made]) for field in fields(Calls)}
    return Calls(**columns)


def _attempt(scenario: Scenario, call_type: str, event: Ints, asked_at: Micros, tried: Ints | None, rng: Rng) -> Calls:
    """One call per event, by share of routes or, where one was `tried`, by the other; dated when it ended."""
    count = len(event)
    preferred, fallback = (index for index, route in enumerate(ROUTES) if route.type == call_type)
    if tried is None:
        route = np.where(rng.random(count) < ROUTES[preferred].share, preferred, fallback)
    else:
        route = np.where(tried == preferred, fallback, preferred)
    slow = np.array([route.slows_down for route in ROUTES])[route] * slowness(asked_at, scenario)
    typical = np.array([route.typical_ms for route in ROUTES])[route]
    answer_ms = typical * (1 + SLOWDOWN * slow) * np.exp(0.32 * rng.standard_normal(count))
    fails = rng.random(count) < FAILURES + FAILURES_WHEN_SLOW * slow
    error = np.where(fails, rng.choice(len(ERRORS), count, p=[0.2, 0.35, 0.3, 0.15]), NO_ERROR)
    failure_ms = np.array([2000, 45, 180, NOT_ANSWERED])[error]
    latency_ms = np.where(fails, failure_ms, np.rint(answer_ms)).astype(np.int64)
    created_at = asked_at + np.maximum(latency_ms, 0) * 1000
    return _with_usage(call_type, Calls(event, route, error, latency_ms, event, event, event, event, created_at), rng)


def _with_usage(call_type: str, calls: Calls, rng: Rng) -> Calls:
    """Tokens, audio and cost: for judging tokens, for speech seconds of audio; nothing for a failed call."""
    count = len(calls.event)
    answered = calls.error == NO_ERROR
    judged = answered & (call_type == "eval")
    tokens_in = np.where(judged, 2400 * np.exp(0.4 * rng.standard_normal(count)), 0).astype(np.int64)
    tokens_out = np.where(judged, 160 * np.exp(0.5 * rng.standard_normal(count)), 0).astype(np.int64)
    heard = answered & (call_type != "eval")
    audio_ms = np.where(heard, 7200 * np.exp(0.45 * rng.standard_normal(count)), 0).astype(np.int64)
    price = np.array([route.usd_per_million for route in ROUTES])[calls.route]
    # Tokens times USD per million tokens are millionths of a USD at once.
    cost = tokens_in * price[:, 0] + tokens_out * price[:, 1] + audio_ms / 1000 * price[:, 2]
    return Calls(
        calls.event, calls.route, calls.error, calls.latency_ms,
        tokens_in, tokens_out, audio_ms, np.rint(cost).astype(np.int64), calls.created_at,
    )  # fmt: skip
