"""Scenarios: the load that a system must carry, and what is asked of it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.load_thresholds import LoadThresholds
from outgrow.plan.model import Count, Flag, Name, Reference, SecretText
from outgrow.plan.scenario_courses import Ceiling, Course
from outgrow.plan.scenario_data import Feed
from outgrow.plan.scenario_network import Proxy, Tls
from outgrow.plan.scenario_steps import PATH, Flow, ScenarioStep, TagName, Variable
from outgrow.quantity import Duration

_SECOND: Final = Duration.parse("1s")
_SPOKEN: Final = {"ws": "http", "wss": "https", "grpc": "http", "grpcs": "https"}
"""Schemes of other protocols: what a step speaks it says itself, so they say whether TLS is spoken and no more."""


def _target(text: str) -> str:
    if not text.startswith("${") and not is_address(text):
        raise PydanticCustomError(
            "target",
            "is no address that load can be sent to; write http:// or https://HOST:PORT, optionally with a path",
        )
    return text


def is_address(text: str) -> bool:
    """Say whether load can be sent to a text: a scheme, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    rest = parts.query + parts.fragment
    plain = PATH.fullmatch(parts.path or "/") is not None and parts.netloc.isascii() and parts.netloc.isprintable()
    fits = parts.scheme in {"http", "https", *_SPOKEN} and bool(parts.hostname) and has_port and plain
    return fits and not rest and "@" not in parts.netloc


def as_http(address: str) -> str:
    """Give an address with the scheme http or https: wss://HOST is reached as https://HOST is."""
    scheme, colon, rest = address.partition(":")
    return f"{_SPOKEN.get(scheme.lower(), scheme)}{colon}{rest}"


class Scenario(Course):
    """Load as it will come: arrivals at a rate, whatever the system does (an open model).

    The course is one of: `target_rps` for `duration`, its first part a `ramp`; `stages`; a `trace`; or, in a closed
    model, `vus` who each send the next request when the last was answered, for a `duration` or for `iterations`.
    """

    title: str = ""
    """A name for people."""
    tags: Mapping[TagName, str] = {}
    """Marks of every step, beside its own; a step's own of the same name counts."""
    target: Annotated[SecretText, AfterValidator(_target)]
    """Where the load goes: http://HOST:PORT or https://HOST:PORT, optionally with a path that steps' paths are put
    after; ws, grpc and, over TLS, wss and grpcs mean the same, for each step says what it speaks. Only loopback and
    private addresses, unless `allow_hosts` names the host."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts beyond loopback and private networks that may be loaded. Name only what is yours."""
    connections: Annotated[Count, Field(ge=1, le=60_000)] | None = None
    """The most connections; as many as users, at most 1,000, unless given. Waiting for one is reported apart."""
    http: Literal["1.1", "2"] = "1.1"
    """Which HTTP is spoken. Over `http://` version 2 begins without asking (RFC 9113 3.3)."""
    processes: Literal["auto"] | Annotated[Count, Field(ge=1, le=256)] = "auto"
    """Over how many processes the load is spread, each with its share of the arrivals and of the users; as many as the
    rate needs, at most one a core, unless given."""
    timeout: Duration = Duration.parse("10s")
    """How long an arrival may take from when it was due."""
    watch: tuple[Reference, ...] = ()
    """Signals of the target that are read while the load runs, so that the report says what was saturated first."""
    watch_every: Duration = Duration.parse("2s")
    """How often they are read, at least 1s."""
    thresholds: LoadThresholds = Field(default_factory=dict)
    """What the run must keep, in k6's grammar (`http_req_duration: ["p(95)<500"]`) or short (`p95: 500 ms`)."""
    ceiling: Ceiling = Field(default=Ceiling())
    """What the run may at most do."""
    tls: Tls = Field(default=Tls())
    """TLS of an https:// target."""
    proxy: Proxy | None = None
    """An HTTP proxy that connections go through: http://HOST:PORT. It too must be near, or allowed by name."""
    reuse: Flag = True
    """Whether a connection is kept for further requests; false opens one for each."""
    compression: Flag = False
    """Whether answers are asked for compressed (gzip, deflate); they are unpacked only where they are looked at. For
    others write the header `Accept-Encoding`; br and zstd need `outgrow[compression]` where something looks at them."""
    data: Mapping[Variable, Feed] = {}
    """Data that texts are filled with: `{people.email}` is a column of the data `people`."""
    setup: tuple[ScenarioStep, ...] = ()
    """Steps that are taken once, before the load; what they capture is known to every session. One that is not done
    ends the run before it begins."""
    teardown: tuple[ScenarioStep, ...] = ()
    """Steps that are taken once, after the load, however it ended."""
    cookies: Flag | None = None
    """Whether each session keeps its cookies; with flows it does, with plain steps it does not, unless given."""
    steps: tuple[ScenarioStep, ...] = ()
    """What is asked of the target: each arrival sends one, chosen by weight."""
    flows: Mapping[Name, Flow] = {}
    """Steps in order, in place of `steps`: each arrival takes one flow, chosen by weight."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if self.watch_every < _SECOND:
            raise PydanticCustomError("scenario", "watch_every is at least 1s; reading is load too")
        if not self.timeout:
            raise PydanticCustomError("scenario", "no request is answered in no time; make timeout longer than 0")
        if bool(self.steps) == bool(self.flows):
            raise PydanticCustomError("scenario", "write either steps, of which an arrival sends one, or flows")
        names = [step.name for step in self.steps]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PydanticCustomError(
                "scenario", 'the step "{twice}" stands twice; rename or remove one', {"twice": twice}
            )
        alike = self.step_tags
        for flow in self.flows.values():
            for step in flow.steps:
                if {**self.tags, **step.tags} != alike[step.name]:
                    raise PydanticCustomError(
                        "scenario",
                        'steps called "{name}" are counted together and need the same tags; rename one, or make their '
                        "tags alike",
                        {"name": step.name},
                    )
        return self

    @property
    def every_flow(self) -> Mapping[str, Flow]:
        """The flows by name; of plain steps, each is its own flow."""
        return self.flows or {step.name: Flow(weight=step.weight, steps=(step,)) for step in self.steps}

    @property
    def step_names(self) -> tuple[str, ...]:
        """The names under which steps are counted, each once, as they stand in the plan."""
        return tuple(dict.fromkeys(step.name for flow in self.every_flow.values() for step in flow.steps))

    @property
    def step_tags(self) -> Mapping[str, Mapping[str, str]]:
        """The tags of each step by its name, those of the scenario among them."""
        steps = (step for flow in self.every_flow.values() for step in flow.steps)
        return {step.name: {**self.tags, **step.tags} for step in steps}

    @property
    def keeps_cookies(self) -> bool:
        """Whether each session keeps its cookies."""
        return bool(self.flows) if self.cookies is None else self.cookies
