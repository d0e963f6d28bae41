"""What a scenario asks of its target: requests, what is checked of their answers, and what is kept of them."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.json_path import parse_json_path
from outgrow.plan.load_metrics import SYSTEM_TAGS
from outgrow.plan.model import Count, Declared, Flag, Name, SecretText
from outgrow.plan.scenario_network import Upload
from outgrow.plan.step_protocols import GrpcCall, Stream, WebSocketTalk
from outgrow.quantity import Duration

PATH: Final = re.compile(r"/[!-~]*")
_OF_DATA: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\.[^{}\s]+\}")
"""A place for a column of data, whose name may be of any letters."""
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_JSON: Final = "json"


def _path(text: str) -> str:
    if not PATH.fullmatch(_OF_DATA.sub("x", text)):
        raise PydanticCustomError(
            "path",
            '"{text}" is not a path; begin with / and write blanks and letters beyond ASCII as %20',
            {"text": text},
        )
    return text


def _header_name(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise PydanticCustomError("header", '"{name}" cannot be the name of a header', {"name": name})
    return name


def _header(name: str) -> str:
    if _header_name(name).lower() in _OURS:
        raise PydanticCustomError("header", "{name} is set by the generator; leave it out", {"name": name})
    return name


def _value(text: str) -> str:
    if not all(each.isprintable() and ord(each) < 256 for each in _OF_DATA.sub("x", text)):  # noqa: PLR2004 (ISO 8859-1, RFC 9110 5.5)
        raise PydanticCustomError("header", "a header's value is one line of Latin letters and signs")
    return text


def _json_path(text: str) -> str:
    parse_json_path(text)
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise PydanticCustomError("regex", "is no regular expression: {error}", {"error": str(error)}) from error
    return text


Weight = Annotated[Count, Field(ge=1, le=1000)]
Status = Annotated[Count, Field(ge=200, le=599)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
JsonPathText = Annotated[str, AfterValidator(_json_path)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=63)]
"""The name of a value that texts use as `{name}`."""


def _tag(name: str) -> str:
    if name in SYSTEM_TAGS:
        raise PydanticCustomError("tag", '"{name}" is told of every step anyway; choose another name', {"name": name})
    return name


TagName = Annotated[Name, AfterValidator(_tag)]


class Check(Declared):
    """Something that an answer should be. Checks are counted, passed and failed; only a `required` one fails the step.

    One of `status`, `contains`, `json`, `header` and `duration_below` says what is looked at.
    """

    name: Annotated[str, StringConstraints(max_length=100)] = ""
    """What it is counted under; what it checks, in words, unless given."""
    status: Status | tuple[Status, ...] = ()
    """The status, or one of several."""
    contains: str = ""
    """A text that the answer, or the `header`, must hold; with `{user}`, `{arrival}` and `{name}` as in a body."""
    json_path: JsonPathText | None = Field(default=None, alias=_JSON)
    """Where in a JSON answer: `$.items[0].id`."""
    header: HeaderName | None = None
    """Which header of the answer."""
    equals: bool | int | float | str | None = None
    """What must stand at `json`, or in the `header`; a text may hold `{user}`, `{arrival}` and `{name}`."""
    exists: Flag = True
    """Whether anything stands there; false checks that nothing does."""
    duration_below: Duration | None = None
    """The response time must be shorter."""
    required: Flag = False
    """Let the step fail, as an unexpected answer, where the check fails."""

    @model_validator(mode="after")
    def _looks_at_one_thing(self) -> Self:
        below = self.duration_below is not None
        places = sum(each is not None for each in (self.json_path, self.header))
        alone = bool(self.contains) and self.header is None
        if places + bool(self.status) + below + alone != 1:
            raise PydanticCustomError(
                "check",
                "a check looks at one thing; write one of {{status: 200}}, {{contains: text}}, "
                "{{json: $.id, equals: 7}}, {{header: ETag}} and {{duration_below: 500 ms}}",
            )
        compared = self.equals is not None
        if (compared or not self.exists) and not places:
            raise PydanticCustomError("check", "equals and exists belong to json or header")
        if compared + (not self.exists) + (bool(self.contains) and not alone) > 1:
            raise PydanticCustomError("check", "write one of equals, contains and exists: false")
        return self

    @property
    def title(self) -> str:
        """What it is counted under."""
        return self.name or self._in_words()

    def _in_words(self) -> str:
        if self.status:
            statuses = self.status if isinstance(self.status, tuple) else (self.status,)
            return f"status {' or '.join(map(str, statuses))}"
        if self.duration_below is not None:
            return f"below {self.duration_below}"
        place = self.json_path or (f"header {self.header}" if self.header else "answer")
        if self.contains:
            return f'{place} contains "{self.contains[:40]}"'
        if self.equals is not None:
            return f"{place} = {str(self.equals)[:40]}"
        return f"{place} exists" if self.exists else f"no {place}"


class Capture(Declared):
    """A value taken from an answer, for later steps of the same session: `{name}` in their texts.

    One of `json`, `regex`, `header` and `cookie` says where it stands. An answer without it fails the step, as an
    unexpected answer, unless there is a `default`.
    """

    json_path: JsonPathText | None = Field(default=None, alias=_JSON)
    """Where in a JSON answer: `$.token`."""
    regex: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression; its first group, or all that it finds where it has none."""
    header: HeaderName | None = None
    """Which header of the answer."""
    cookie: str | None = None
    """Which cookie that the session then holds."""
    default: str | None = None
    """What is taken where the answer does not have it."""

    @model_validator(mode="after")
    def _stands_in_one_place(self) -> Self:
        if sum(each is not None for each in (self.json_path, self.regex, self.header, self.cookie)) != 1:
            raise PydanticCustomError(
                "capture",
                "a value stands in one place; write one of {{json: $.token}}, {{regex: 'id=(\\d+)'}}, "
                "{{header: Location}} and {{cookie: session}}",
            )
        return self


class Pause(Declared):
    """A pause of a length drawn anew each time, every length from `min` to `max` as likely."""

    min: Duration
    """The shortest."""
    max: Duration
    """The longest."""

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.min > self.max:
            raise PydanticCustomError("pause", "the shortest pause cannot be longer than the longest; exchange the two")
        return self


class ScenarioStep(Declared):
    """One kind of request."""

    name: Name
    """What results are shown under."""
    tags: Mapping[TagName, str] = {}
    """Marks that results and thresholds tell it by, beside the name: `"http_req_duration{kind:write}"`."""
    weight: Weight = 1
    """Its share of the arrivals, against the weights of the other steps; of a flow's step without meaning."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    """The request's method."""
    path: Annotated[str, AfterValidator(_path)] = "/"
    """The path with its query; `{user}` and `{arrival}` become the numbers of the session and of the arrival, `{name}`
    what was captured under that name: percent-encoded, unless written `{name|raw}`."""
    headers: Mapping[Annotated[str, AfterValidator(_header)], Annotated[SecretText, AfterValidator(_value)]] = {}
    """Further headers; values may hold `{user}`, `{arrival}`, `{name}` and `${NAME}`."""
    body: SecretText = ""
    """What is sent, with the same replacements. Where it is JSON, values are written such that it stays so: escaped in
    quotes; without quotes as they are if they are JSON, else as texts in quotes."""
    body_file: str | None = None
    """A file that is sent as it is, relative to the plan."""
    form: Mapping[str, SecretText] = {}
    """Fields of a form that is sent, with the same replacements; beside `files` as multipart/form-data."""
    files: tuple[Upload, ...] = ()
    """Files that are uploaded."""
    follow: Flag = False
    """Whether redirects are followed, up to 10 and on the target only; the times are then those of all together."""
    status: tuple[Status, ...] = ()
    """The statuses that count as done; any from 200 to 399 unless given."""
    contains: str = ""
    """A text that the answer's first MiB must hold to count as done."""
    checks: tuple[Check, ...] = ()
    """What else the answer should be: counted, passed and failed."""
    captures: Mapping[Variable, Capture] = {}
    """Values that are kept of the answer, by the name that later steps use them by."""
    stream: Stream | None = None
    """Measure an answer that comes piece by piece: the first piece, the times between, tokens, cost."""
    websocket: WebSocketTalk | None = None
    """Talk over a WebSocket instead of a request; a `status` of 101 counts as done."""
    grpc: GrpcCall | None = None
    """Call gRPC instead of a request; needs `outgrow[grpc]`. gRPC's OK counts as status 200."""
    think: Duration | Pause | None = None
    """How long the user pauses after the answer, before the flow's next step: `2s`, or `{min: 1s, max: 5s}`."""

    @model_validator(mode="after")
    def _sends_one_body(self) -> Self:
        if bool(self.body) + (self.body_file is not None) + bool(self.form or self.files) > 1:
            raise PydanticCustomError(
                "step", "a request has one body; write one of body, body_file, and form with files"
            )
        return self

    @model_validator(mode="after")
    def _speaks_one_protocol(self) -> Self:
        if sum(each is not None for each in (self.stream, self.websocket, self.grpc)) > 1:
            raise PydanticCustomError("step", "a step is one of stream, websocket and grpc; make several steps of it")
        if self.websocket is not None and (self.body or self.method != "GET"):
            raise PydanticCustomError("step", "a WebSocket has turns in place of method and body")
        if self.grpc is not None and self.path != "/":
            raise PydanticCustomError("step", "a gRPC method is its own path; leave path out")
        return self

    @model_validator(mode="after")
    def _checks_are_told_apart(self) -> Self:
        titles = [check.title for check in self.checks]
        twice = next((title for title in titles if titles.count(title) > 1), None)
        if twice is not None:
            raise PydanticCustomError(
                "step", 'the check "{twice}" stands twice; give one another name or remove it', {"twice": twice}
            )
        return self


class Flow(Declared):
    """Steps that one arrival takes one after another, in one session; it ends at the first that is not done."""

    weight: Weight = 1
    """Its share of the arrivals, against the weights of the other flows."""
    steps: Annotated[tuple[ScenarioStep, ...], Field(min_length=1)]
    """What is asked, in order. Steps of the same name are counted together."""
    flow: Annotated[str, StringConstraints(pattern=r"^[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """FILE.py:FUNCTION, relative to the plan: code that takes the steps by their names, in the order that it likes."""
