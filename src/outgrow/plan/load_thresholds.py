"""Thresholds of a load test: k6's grammar, with units, sliding windows and the names of the plan's own figures.

    threshold  = method operator limit              p(95)<500      rate < 1 %      max<danger
    method     = avg | min | max | med | p(N)       of a trend, and of a signal of the plan
               | rate                               of a rate
               | count | rate | peak                of a counter; peak is the highest rate that a window held
               | value                              of a gauge: the last
    operator   = < | <= | > | >= | == | === | !=
    limit      = a number with or without unit, or target, warning, danger, normal, peak, max

A short name (`p95: 500 ms`, `errors: 1 %`) needs the limit only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.load_metrics import (
    ELSEWHERE,
    METHODS,
    METRICS,
    RESOURCES,
    SHORT_NAMES,
    SYSTEM_TAGS,
    Metric,
    MetricKind,
    Operator,
    ShortName,
)
from outgrow.plan.model import Declared, Flag
from outgrow.plan.suggestion import did_you_mean, listed
from outgrow.quantity import Duration, Quantity, Unit, parse_quantity

Subject = Literal["metric", "signal", "level", "resource"]
"""What a threshold is set on: a metric of the run, or a signal of the plan, by itself, by a level, by a target."""
NAMED_FIGURES: Final = ("target", "warning", "danger", "normal", "peak", "max")
SECOND: Final = Duration.parse("1s")
_ZERO: Final = Duration.parse("0s")
_LEVEL: Final = "level"
_STATUS: Final = re.compile(r"0|[1-5][0-9]{2}")
_KEY: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)\s*(?:\{(.*)\})?")
_TAG: Final = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*:\s*(.+?)\s*")
_CONDITION: Final = re.compile(r"\s*([a-z]+)\s*(?:\(([^()]*)\))?\s*(===|==|!=|<=|>=|<|>)\s*(.*?)\s*", re.DOTALL)
_FIGURE: Final = re.compile(r"\s*(===|==|!=|<=|>=|<|>)?\s*(.*?)\s*", re.DOTALL)
_PERCENTILE: Final = re.compile(r"p([0-9]{1,2}(?:\.[0-9]+)?)")
_OF_SIGNALS: Final = ("avg", "min", "max", "med", "p(95)", "value")
WHOLE_RUN: Final = "of a signal the run as a whole is judged; leave abortOnFail and over out"
_EXAMPLE: Final = "write for example p(95)<500"


@dataclass(frozen=True, slots=True)
class Reading:
    """A threshold as it was understood; its limit is a quantity, or the name of a figure of the plan.

    `of` is the name of the metric, signal, level or resource. `percent` is set where the method is `p`.
    """

    subject: Subject
    of: str
    tags: tuple[tuple[str, str], ...]
    method: str
    percent: float | None
    operator: Operator
    limit: Quantity | str


def read_threshold(key: str, text: str) -> Reading:
    """Understand a threshold.

    Args:
        key: what it is set on: a metric (`http_req_duration{step:list}`), a short name (`p95`, `errors`, `cpu`), a
            signal of the plan, or `level`.
        text: the condition, or of a short name the figure alone.

    Raises:
        ValueError: it is no threshold, or asks of its metric what that cannot say.
    """
    found = _KEY.fullmatch(key.strip())
    if found is None:
        raise ValueError(
            f'"{key}" is no metric; write for example http_req_duration or "http_req_duration{{step:list}}"'
        )
    name, tags = found.group(1), _tags(found.group(2))
    if name == _LEVEL:
        return _of_level(text)
    if name in ELSEWHERE:
        raise ValueError(f"{name} is not measured; {ELSEWHERE[name]}")
    condition = _CONDITION.fullmatch(text)
    if condition is None:
        return _of_short_name(name, tags, text)
    word, percentile, sign, figure = condition.groups()
    if name in METRICS:
        metric = METRICS[name]
        _known_tags(name, metric, tags)
        method, percent = _method(word, percentile, METHODS[metric.kind], f"{name}, a {metric.kind}")
        limit = _limit(figure, metric.unit_of(method), name)
        return Reading("metric", name, tags, method, percent, _operator(sign), limit)
    method, percent = _method(word, percentile, _OF_SIGNALS, f'the signal "{name}"')
    return Reading("signal", name, _no_tags(name, tags), method, percent, _operator(sign), _limit(figure, None, name))


def _tags(text: str | None) -> tuple[tuple[str, str], ...]:
    if not text or not text.strip():
        return ()
    found = [_TAG.fullmatch(part) for part in text.split(",")]
    if any(each is None for each in found):
        raise ValueError(f'"{{{text}}}" selects nothing; write for example {{step:list}}')
    return tuple((each.group(1), each.group(2)) for each in found if each is not None)


def _known_tags(name: str, metric: Metric, tags: tuple[tuple[str, str], ...]) -> None:
    allowed = (*metric.tags, "scenario")
    for tag, value in tags:
        if tag not in SYSTEM_TAGS and "step" not in metric.tags:
            raise ValueError(f"{name} is counted over all steps; leave {{{tag}:{value}}} out")
        if tag in SYSTEM_TAGS and tag not in allowed:
            whose = [other for other, each in METRICS.items() if tag in each.tags]
            raise ValueError(f"{name} is not told apart by {tag}; leave it out, or use {listed(whose)}")
        if tag == "expected_response" and value not in {"true", "false"}:
            raise ValueError(f"expected_response is true or false, not {value}")
        if tag == "status" and not _STATUS.fullmatch(value):
            raise ValueError(f"{value} is no status; write for example {{status:500}}, or {{status:0}} for time-outs")


def _no_tags(name: str, tags: tuple[tuple[str, str], ...]) -> tuple[()]:
    if tags:
        raise ValueError(f"{name} is a signal and has no tags; write the name alone")
    return ()


def _method(word: str, percentile: str | None, allowed: Sequence[str], whose: str) -> tuple[str, float | None]:
    may = f"write one of {listed(allowed)}"
    if word == "p" and percentile is not None and "p(95)" in allowed:
        try:
            percent = float(percentile)
        except ValueError:
            percent = -1.0
        if not 0 <= percent <= 100:  # noqa: PLR2004 (percent)
            raise ValueError(f"p({percentile}) is no percentile; write a number from 0 to 100, such as p(95)")
        return "p", percent
    if percentile is not None or word not in allowed:
        shown = word if percentile is None else f"{word}({percentile})"
        raise ValueError(f"{shown} cannot be asked of {whose}; {did_you_mean(shown, allowed) or may}")
    return word, None


def _operator(sign: str) -> Operator:
    return "==" if sign == "===" else sign  # pyright: ignore[reportReturnType] (the pattern's own signs)


def _limit(text: str, unit: Unit | None, whose: str) -> Quantity | str:
    if text in NAMED_FIGURES:
        return text
    if text.isalpha():
        may = did_you_mean(text, NAMED_FIGURES) or f"write a number, or one of {listed(NAMED_FIGURES)}"
        raise ValueError(f'"{text}" is no number and no figure of the plan; {may}')
    limit = parse_quantity(text)
    if unit is not None and limit.unit is not None and not limit.unit.comparable_with(unit):
        raise ValueError(f"{limit} is compared with {whose}, which is measured in {unit.name or 'numbers'}")
    return limit


def _figure(
    text: str, operator: Operator, unit: Unit | None = None, whose: str = ""
) -> tuple[Operator, Quantity | str]:
    found = _FIGURE.fullmatch(text)
    sign, figure = found.groups() if found is not None else (None, text)
    return (_operator(sign) if sign else operator), _limit(figure, unit, whose)


def _of_short_name(name: str, tags: tuple[tuple[str, str], ...], text: str) -> Reading:
    percentile = _PERCENTILE.fullmatch(name)
    if name in RESOURCES:
        operator, figure = _figure(text, "<")
        return Reading("resource", name, _no_tags(name, tags), "p", 95.0, operator, figure)
    short = (
        ShortName("http_req_duration", "p", "<", percent=float(percentile.group(1)))
        if percentile
        else SHORT_NAMES.get(name)
    )
    if short is None:
        raise ValueError(f'"{text}" is no threshold; {_EXAMPLE}')
    metric = METRICS[short.metric]
    _known_tags(short.metric, metric, tags)
    operator, limit = _figure(text, short.operator, metric.unit_of(short.method), short.metric)
    if operator == "<" and isinstance(limit, Quantity) and limit.value == 0 and metric.kind is MetricKind.RATE:
        operator = "<="  # errors: 0 % means none, and no share is below nothing
    return Reading("metric", short.metric, (*tags, *short.tags), short.method, short.percent, operator, limit)


def _of_level(text: str) -> Reading:
    """Read `api-p95` or `api-p95 < warning`: nineteen of twenty readings lie below the figure of the level."""
    name, _, figure = (part.strip() for part in text.partition("<"))
    figure = figure or "target"
    if _KEY.fullmatch(name) is None or figure not in {"target", "warning", "danger"}:
        raise ValueError(f'"{text}" names no figure of a level; write for example level: {{api-p95: warning}}')
    return Reading("level", name, (), "p", 95.0, "<", figure)


class LoadThreshold(Declared):
    """One threshold. Where nothing beside it is asked, its text stands alone: `["p(95)<500"]`."""

    metric: str
    """What it is set on."""
    threshold: str
    """The condition that must hold."""
    abort_on_fail: Flag = Field(default=False, alias="abortOnFail")
    """End the run as soon as it fails."""
    delay_abort_eval: Duration = Field(default=_ZERO, alias="delayAbortEval")
    """How long the run goes on before it may be ended."""
    over: Duration | None = None
    """Judge every window of this length within the run, not the run as a whole."""

    @model_validator(mode="after")
    def _is_understood(self) -> Self:
        try:
            reading = self.reading
        except ValueError as error:
            raise PydanticCustomError("threshold", "{why}", {"why": str(error)}) from error
        if why := self._cannot_be_followed(reading):
            raise PydanticCustomError("threshold", "{why}", {"why": why})
        if self.over is not None and self.over < SECOND:
            raise PydanticCustomError("threshold", "a run is counted second by second; make over at least 1s")
        if self.delay_abort_eval and not self.abort_on_fail:
            raise PydanticCustomError("threshold", "delayAbortEval says when abortOnFail begins; add abortOnFail: true")
        return self

    def _cannot_be_followed(self, reading: Reading) -> str:
        """Say why it can be judged at the end only, where it was to be judged meanwhile; empty where it can."""
        if reading.subject in {"level", "resource"} and (self.abort_on_fail or self.over is not None):
            return WHOLE_RUN  # of a name that may be a misspelt metric's, `threshold_references` says so
        if reading.of == "concurrent_users" and (self.abort_on_fail or self.over is not None):
            return "users are counted over the whole run; leave abortOnFail and over out"
        if reading.method == "peak" and self.abort_on_fail:
            return "the highest rate may still come; leave abortOnFail out"
        return ""

    @property
    def reading(self) -> Reading:
        """The threshold as it is understood."""
        return read_threshold(self.metric, self.threshold)


def _with_metrics(raw: object) -> object:
    """Write the long form: every threshold with its metric beside it, so that an error stands at its own place."""
    if not isinstance(raw, Mapping):
        return raw
    thresholds: Mapping[object, object] = raw  # pyright: ignore[reportUnknownVariableType]
    return {key: _entries(key, value) for key, value in thresholds.items()}


def _entries(key: object, raw: object) -> object:
    match raw:
        case LoadThreshold():
            return (raw,)
        case Mapping() if key == _LEVEL and "threshold" not in raw:
            return [_entry(key, f"{level} < {figure}") for level, figure in raw.items()]  # pyright: ignore[reportUnknownVariableType]
        case list() | tuple():
            return [_entry(key, each) for each in raw]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case None:
            return None
        case _:
            return [_entry(key, raw)]


def _entry(key: object, raw: object) -> object:
    match raw:
        case LoadThreshold():
            return raw
        case Mapping():
            options: dict[object, object] = {**raw, "metric": key}  # pyright: ignore[reportUnknownVariableType]
            figure = options.get("threshold")
            return options | {"threshold": repr(figure)} if type(figure) in {int, float} else options
        case bool():
            return raw
        case int() | float():
            return {"metric": key, "threshold": repr(raw)}
        case str():
            return {"metric": key, "threshold": raw}
        case _:
            return raw


def _as_written(thresholds: Mapping[str, Sequence[LoadThreshold]]) -> dict[str, Any]:
    return {key: [_one_as_written(each) for each in several] for key, several in thresholds.items()}


def _one_as_written(threshold: LoadThreshold) -> Any:
    options = threshold.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"metric"})
    return options if len(options) > 1 else threshold.threshold


_LONG: Final = {
    "type": "object",
    "properties": {
        "threshold": {"type": ["string", "number"], "description": "The condition that must hold."},
        "abortOnFail": {"type": "boolean", "description": "End the run as soon as it fails."},
        "delayAbortEval": {"type": "string", "description": "How long the run goes on before it may be ended."},
        "over": {"type": "string", "description": "Judge every window of this length within the run."},
    },
    "required": ["threshold"],
    "additionalProperties": False,
}
_SHORT: Final = {"type": ["string", "number"], "description": "The condition that must hold."}
_EACH: Final = {"anyOf": [_SHORT, _LONG]}
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "level": {
            "description": "Levels by name, each with the figure that the run must keep.",
            "anyOf": [
                _SHORT,
                {"type": "array", "items": _EACH, "minItems": 1},
                {"type": "object", "additionalProperties": {"enum": ["target", "warning", "danger"]}},
            ],
        }
    },
    "additionalProperties": {"anyOf": [_SHORT, _LONG, {"type": "array", "items": _EACH, "minItems": 1}]},
    "examples": [{"http_req_duration": ["p(95)<500"], "errors": "1 %"}],
}

LoadThresholds = Annotated[
    Mapping[str, Annotated[tuple[LoadThreshold, ...], Field(min_length=1)]],
    BeforeValidator(_with_metrics),
    PlainSerializer(_as_written, when_used="json"),
    WithJsonSchema(_SCHEMA),
]
"""Thresholds by what they are set on."""
