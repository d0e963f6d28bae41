"""Signals: what is measured, how often, in which unit; read from a source or derived from other signals."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, SerializeAsAny, WrapValidator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from outgrow.plan.model import Declared, Name
from outgrow.plan.sources import vocabulary
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
        raise PydanticCustomError("duration", "must be longer than zero")
    return span


PositiveDuration = Annotated[Duration, AfterValidator(_positive)]


def _as_its_sources_read(raw: Any, handler: Any, info: ValidationInfo) -> Declared:  # noqa: ANN401 (pydantic's own signature)
    if isinstance(raw, Declared):
        return raw
    words = vocabulary(info)
    kind = words.kinds.get(words.kind_of_source.get(str(info.data.get("source")), ""))
    return handler(raw) if kind is None else kind.read.model_validate(raw, context=info.context)


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

    source: Name
    """Which source to read."""
    read: Annotated[SerializeAsAny[Declared], WrapValidator(_as_its_sources_read)]
    """What to read, by the source's kind. `query: ...` beside it is short for `read: {query: ...}`."""
    window: PositiveDuration | None = None
    """What the query looks back over."""
    delay: Duration = Duration.parse("0s")
    """How late the source's rows are: live `:now` is the database's clock minus this."""
    by: tuple[Name, ...] = ()
    """Columns whose values are labels: each label set is a series of its own."""
    min_n: Annotated[int, Field(ge=0)] = 20
    """Fewer rows behind a value than this make it unavailable, where the query returns `n`."""
    history: Literal["source", "journal"] = "source"
    """Whether the source can be asked for the past. `journal`: its rows change later, so only the journal knows."""

    @model_validator(mode="before")
    @classmethod
    def _query_is_short_for_read(cls, raw: Any) -> Any:  # noqa: ANN401 (pydantic's own signature)
        if isinstance(raw, Mapping) and "query" in raw and "read" not in raw:
            options = dict(raw)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            query = options.pop("query")
            return {**options, "read": {"query": query}}
        return raw  # pyright: ignore[reportUnknownVariableType]


class RatioSignal(SignalBase):
    """One signal divided by another, at the same moments."""

    ratio: tuple[Name, Name]
    """Numerator and denominator."""


class RateSignal(SignalBase):
    """How fast a counter rises, per second; a restart of the counter is noticed."""

    rate: Name
    """The counter."""
    over: PositiveDuration | None = None
    """The span looked back over; without it from one sample to the next."""


class GrowthSignal(SignalBase):
    """Relative growth from a day before: (now - a day ago) / a day ago."""

    growth_per_day: Name
    """The signal that grows."""


class DeltaSignal(SignalBase):
    """The change over a span: now minus then."""

    delta: Name
    """The signal that changes."""
    over: PositiveDuration
    """The span."""


DerivedSignal = RatioSignal | RateSignal | GrowthSignal | DeltaSignal

_DERIVATIONS: Final[Mapping[str, type[SignalBase]]] = {
    "ratio": RatioSignal,
    "rate": RateSignal,
    "growth_per_day": GrowthSignal,
    "delta": DeltaSignal,
}


def _as_its_kind(raw: Any, handler: Any, info: ValidationInfo) -> SignalBase:  # noqa: ANN401 (pydantic's own signature)
    """Validate by the one kind that the options name, so that errors speak of that kind only."""
    if isinstance(raw, SignalBase):
        return raw
    if not isinstance(raw, Mapping):
        return handler(raw)
    named = next((kind for option, kind in _DERIVATIONS.items() if option in raw), QuerySignal)
    return named.model_validate(raw, context=info.context)


Signal = Annotated[QuerySignal | DerivedSignal, WrapValidator(_as_its_kind)]


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


def signal_hash(name: str, signals: Mapping[str, QuerySignal | DerivedSignal]) -> str:
    """Hash what gives a signal's values their meaning: a changed query starts a new series.

    Titles, descriptions and `every` may change freely; source, query, window, unit, labels and delay may not. A derived
    signal's hash covers its inputs'.
    """
    signal = signals[name]
    meaning = signal.model_dump(mode="json", exclude={"title", "description", "every", "min_n", "history"})
    inputs = [signal_hash(each, signals) for each in inputs_of(signal)]
    return hashlib.sha256(json.dumps([name, meaning, inputs], sort_keys=True).encode()).hexdigest()[:16]
