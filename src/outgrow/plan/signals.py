"""Signals: what is measured, how often, in which unit; read from a source or derived from other signals."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, WrapValidator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from outgrow.plan.model import Count, Declared, Name, Reference
from outgrow.plan.sources import Vocabulary, vocabulary
from outgrow.quantity import Duration, Unit, parse_unit


def _known_unit(text: str) -> str:
    try:
        parse_unit(text)
    except ValueError as error:
        raise PydanticCustomError("unit", "{why}", {"why": str(error)}) from error
    return text


UnitName = Annotated[str, AfterValidator(_known_unit)]
"""A unit: ms, ratio, percent, GiB, USD, rps, per day, or a noun such as sessions."""


def _positive(span: Duration) -> Duration:
    if span <= Duration.parse("0s"):
        raise PydanticCustomError("duration", "must be longer than zero; write for example 1m")
    return span


PositiveDuration = Annotated[Duration, AfterValidator(_positive)]


def _as_its_sources_read(raw: Any, handler: Any, info: ValidationInfo) -> Declared:
    """Validate by what the source's kind lets a signal read."""
    if isinstance(raw, Declared):
        return raw
    words = vocabulary(info)
    kind = words.kinds.get(words.kind_of_source.get(str(info.data.get("source")), ""))
    if kind is not None:
        return kind.read.model_validate(raw, context=info.context, by_alias=True, by_name=False)
    if isinstance(raw, Mapping) and isinstance(info.context, Vocabulary):
        return Declared()  # any option may be right: the error of the source that is missing or of no known kind tells
    return handler(raw)


class SignalBase(Declared):
    """What every signal has."""

    title: str = ""
    """A name for people."""
    unit: UnitName = ""
    """The unit of its values; thresholds are converted into it."""
    every: PositiveDuration = Duration.parse("1m")
    """How often it is measured."""
    description: str = ""
    """What it means, for reports."""

    @property
    def measure(self) -> Unit:
        """The unit, parsed."""
        return parse_unit(self.unit)


class QuerySignal(SignalBase):
    """A signal that is read from a source."""

    source: Reference
    """Which source to read."""
    read: Annotated[SerializeAsAny[Declared], WrapValidator(_as_its_sources_read)]
    """What to read, by the source's kind. `query: ...` beside it is short for `read: {query: ...}`."""
    window: PositiveDuration | None = None
    """What the query looks back over."""
    delay: Duration = Duration.parse("0s")
    """How late the source's rows are: live `:now` is the database's clock minus this."""
    by: tuple[Name, ...] = ()
    """Columns whose values are labels: each label set is a series of its own."""
    min_n: Annotated[Count, Field(ge=0)] = 20
    """Fewer rows behind a value than this make it unavailable, where the query returns `n`."""
    history: Literal["source", "journal"] = "source"
    """Whether the source can be asked for the past. `journal`: its rows change later, so only the journal knows."""

    @model_validator(mode="before")
    @classmethod
    def _query_is_short_for_read(cls, raw: object) -> object:
        if isinstance(raw, Mapping) and "query" in raw:
            if "read" in raw:
                raise PydanticCustomError("read", "query is short for read, and both are written; keep one")
            options = dict(cast("Mapping[str, object]", raw))
            query = options.pop("query")
            return {**options, "read": {"query": query}}
        return cast("object", raw)


def _two_names(raw: object) -> object:
    if isinstance(raw, list | tuple) and len(cast("Sequence[object]", raw)) == 2:  # noqa: PLR2004 (numerator and denominator)
        return cast("object", raw)
    raise PydanticCustomError("ratio", "expected two signals; write ratio: [numerator, denominator]")


class RatioSignal(SignalBase):
    """One signal divided by another, at the same moments."""

    ratio: Annotated[tuple[Reference, Reference], BeforeValidator(_two_names)]
    """Numerator and denominator."""


class RateSignal(SignalBase):
    """How fast a counter rises, per second; a restart of the counter is noticed."""

    rate: Reference
    """The counter."""
    over: PositiveDuration | None = None
    """The span looked back over; without it from one sample to the next."""


class GrowthSignal(SignalBase):
    """Relative growth from a day before: (now - a day ago) / a day ago."""

    growth_per_day: Reference
    """The signal that grows."""


class DeltaSignal(SignalBase):
    """The change over a span: now minus then."""

    delta: Reference
    """The signal that changes."""
    over: PositiveDuration
    """The span."""


DerivedSignal = RatioSignal | RateSignal | GrowthSignal | DeltaSignal

DERIVATIONS: Final[Mapping[str, type[SignalBase]]] = {
    "ratio": RatioSignal,
    "rate": RateSignal,
    "growth_per_day": GrowthSignal,
    "delta": DeltaSignal,
}
"""The option that makes a signal a derived one, and of which kind."""


def _as_its_kind(raw: Any, handler: Any, info: ValidationInfo) -> SignalBase:
    """Validate by the one kind that the options name, so that errors speak of that kind only."""
    if isinstance(raw, SignalBase):
        return raw
    if not isinstance(raw, Mapping):
        return handler(raw)
    named = next((kind for option, kind in DERIVATIONS.items() if option in raw), QuerySignal)
    return named.model_validate(raw, context=info.context, by_alias=True, by_name=False)


Signal = Annotated[QuerySignal | DerivedSignal, WrapValidator(_as_its_kind)]


def derivation_of(signal: DerivedSignal) -> str:
    """Name the option that a derived signal is made by: `ratio`, `rate`, `growth_per_day` or `delta`."""
    return next(option for option, kind in DERIVATIONS.items() if kind is type(signal))


def inputs_of(signal: QuerySignal | DerivedSignal) -> tuple[str, ...]:
    """Name the signals that a signal is derived from; none for one that is read."""
    match signal:
        case QuerySignal():
            return ()
        case RatioSignal():
            return signal.ratio
        case RateSignal():
            return (signal.rate,)
        case GrowthSignal():
            return (signal.growth_per_day,)
        case DeltaSignal():
            return (signal.delta,)


def origins_of(name: str, signals: Mapping[str, QuerySignal | DerivedSignal]) -> Mapping[str, QuerySignal]:
    """Give the signals read from sources that a signal is made of, at last; itself where it is one of them."""
    found: dict[str, QuerySignal] = {}
    seen, waiting = {name}, [name]
    while waiting:
        here = waiting.pop()
        signal = signals[here]
        if isinstance(signal, QuerySignal):
            found[here] = signal
        below = [each for each in inputs_of(signal) if each not in seen]
        seen.update(below)
        waiting += below
    return found


def signal_hash(name: str, signals: Mapping[str, QuerySignal | DerivedSignal]) -> str:
    """Hash what gives a signal's values their meaning: a changed query starts a new series.

    Titles, descriptions and `every` may change freely; source, query, window, unit, labels and delay may not. A derived
    signal's hash covers its inputs'.
    """
    return _hashed(name, signals, {})


def _hashed(name: str, signals: Mapping[str, QuerySignal | DerivedSignal], known: dict[str, str]) -> str:
    """Hash each signal once, however many paths lead to it; plans bound how deep derivations go."""
    if name not in known:
        signal = signals[name]
        meaning = signal.model_dump(mode="json", exclude={"title", "description", "every", "min_n", "history"})
        inputs = [_hashed(each, signals, known) for each in inputs_of(signal)]
        known[name] = hashlib.sha256(json.dumps([name, meaning, inputs], sort_keys=True).encode()).hexdigest()[:16]
    return known[name]
