"""Units: what they measure, and how large they are in the canonical unit of that dimension."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Final, Self

from outgrow.quantity.written import exact, plain, quoted

# SI prefixes are decimal, IEC prefixes binary (IEC 80000-13). Scales convert into the canonical unit of the dimension:
# seconds, 0..1, bytes, one, bytes per second.
_SPANS: Final = (
    (Fraction(1, 1_000_000), ("us", "µs", "μs")),  # the micro sign, and the Greek letter in its place
    (Fraction(1, 1000), ("ms",)),
    (Fraction(1), ("s", "sec", "second", "seconds")),
    (Fraction(60), ("min", "m", "minute", "minutes")),
    (Fraction(3600), ("h", "hour", "hours")),
    (Fraction(86_400), ("d", "day", "days")),
    (Fraction(604_800), ("w", "week", "weeks")),
)
TIME: Final[Mapping[str, Fraction]] = {name: seconds for seconds, names in _SPANS for name in names}
"""Units of time in seconds."""
_RATIO: Final = {"ratio": Fraction(1), "percent": Fraction(1, 100), "%": Fraction(1, 100)}
_BYTES: Final = (
    {"B": Fraction(1), "bytes": Fraction(1), "byte": Fraction(1), "KB": Fraction(1000)}
    | {f"{prefix}B": Fraction(1000**power) for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)}
    | {f"{prefix}iB": Fraction(1024**power) for power, prefix in enumerate(("K", "M", "G", "T", "P"), 1)}
)
_BIT_RATES: Final = {f"{prefix}bps": Fraction(1000**power, 8) for power, prefix in enumerate(("", "k", "M", "G"))}
_RATES: Final = {"rps": Fraction(1), "qps": Fraction(1), "tps": Fraction(1), "rpm": Fraction(1, 60)}
_MONEY: Final = ("USD", "KRW", "EUR", "JPY", "GBP", "CNY", "IDR")

_KNOWN: Final[Mapping[str, tuple[str, Fraction]]] = (
    {name: ("time", scale) for name, scale in TIME.items()}
    | {name: ("ratio", scale) for name, scale in _RATIO.items()}
    | {name: ("bytes", scale) for name, scale in _BYTES.items()}
    | {name: ("bytes/time", scale) for name, scale in _BIT_RATES.items()}
    | {name: ("count/time", scale) for name, scale in _RATES.items()}
    | {name: (f"money:{name}", Fraction(1)) for name in _MONEY}
)
_BY_LOWER: Final = {name.lower(): name for name in reversed(_KNOWN)}

# What looks like a unit and is not: said here, lest it be taken for a noun that is counted.
_NOT_UNITS: Final[Mapping[str, str]] = (
    dict.fromkeys(("month", "months", "mo", "year", "years", "yr", "y"), "its length varies; write 30d or 365d")
    | dict.fromkeys(("k", "K"), "write thousands out, such as 10_000")
    | {"M": "it may mean minutes, months or millions; write m, 30d or 1_000_000"}
    | {"pct": 'did you mean "percent"?', "hr": 'did you mean "h"?', "hrs": 'did you mean "h"?'}
    | {"secs": 'did you mean "s"?', "mins": 'did you mean "min"?', "msec": 'did you mean "ms"?'}
    | {"$": "write USD", "€": "write EUR", "£": "write GBP", "¥": "write JPY or CNY", "₩": "write KRW"}
    | {"원": "write KRW", "초": "write s", "분": "write min", "시간": "write h", "일": "write d", "주": "write w"}
)
_NOUN: Final = re.compile(r"[^\W\d_][\w.-]+|[^\W\d_a-zA-Z]")
_EXAMPLES: Final = "the units are for example ms, percent, ratio, GiB, USD, rps, per day, or a noun such as sessions"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: how it was written, what it measures, and its exact size in the canonical unit of that.

    `dimension` is `time`, `ratio`, `bytes`, `money:USD`, `count` or `count:session`, with `/time` behind it for a rate.
    """

    name: str
    dimension: str
    scale: Fraction

    def comparable_with(self, other: Self) -> bool:
        """Say whether values of the two units can be compared: same dimension, or counts of which one names no noun."""
        if self.dimension == other.dimension:
            return True
        bare = _without_noun(self.dimension)
        return self.alike(other) and bare in {self.dimension, other.dimension}

    def alike(self, other: Self) -> bool:
        """Say whether both measure the same but for what they count: errors and requests are, ms and B are not."""
        return _without_noun(self.dimension) == _without_noun(other.dimension)

    def convert(self, value: float, into: Self) -> float:
        """Convert `value` of this unit into another comparable one, exactly for decimals: 60 % is 0.6.

        Raises:
            ValueError: the units measure different things.
        """
        if not self.comparable_with(into):
            message = f"{self.name or 'a bare number'} cannot be compared with {into.name or 'a bare number'}"
            raise ValueError(message)
        if self.scale == into.scale or not isfinite(value):
            return value
        return float(exact(value) * self.scale / into.scale)


ONE: Final = Unit("", "count", Fraction(1))
PERCENT: Final = Unit("percent", "ratio", Fraction(1, 100))
RATIO: Final = Unit("ratio", "ratio", Fraction(1))


def _without_noun(dimension: str) -> str:
    base, slash, per = dimension.partition("/")
    return ("count" if base.startswith("count:") else base) + slash + per


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read a unit: `ms`, `ratio`, `percent`, `GB`, `USD`, `rps`, `per day`, `GB per day`, or a noun such as `sessions`.

    A word that is no known unit counts things of that name, so that `50 sessions` cannot be compared with `users`.

    Raises:
        ValueError: not a unit.
    """
    words = plain(text)
    if not words:
        return ONE
    counted, is_rate, span = _split_rate(words)
    if not is_rate:
        return _simple_unit(words)
    base = parse_unit(counted)
    seconds = TIME.get(span)
    if seconds is None:
        why = _NOT_UNITS.get(span, "write per second, per minute, per hour or per day")
        message = f"{quoted(span)} is not a span of time; {why}"
        raise ValueError(message)
    if "/" in base.dimension:
        message = f"{quoted(words)} is a rate of a rate; write it per one span of time"
        raise ValueError(message)
    return Unit(words, f"{base.dimension}/time", base.scale / seconds)


def _split_rate(words: str) -> tuple[str, bool, str]:
    """Split `GB per day`, `GB/day` and `per day` into what is counted and the span of time."""
    if words.startswith("per "):
        return "", True, words.removeprefix("per ").strip()
    separator = "/" if "/" in words else " per "
    counted, found, span = words.partition(separator)
    return counted.strip(), bool(found), span.strip()


def _simple_unit(word: str) -> Unit:
    if known := _KNOWN.get(word):
        return Unit(word, *known)
    if why := _NOT_UNITS.get(word):
        message = f"{quoted(word)} is not a unit; {why}"
        raise ValueError(message)
    if near := _BY_LOWER.get(word.lower()):
        message = f'{quoted(word)} is not a unit; did you mean "{near}"?'
        raise ValueError(message)
    if not _NOUN.fullmatch(word):
        message = f"{quoted(word)} is not a unit; {_EXAMPLES}"
        raise ValueError(message)
    return Unit(word, f"count:{word.removesuffix('s')}", Fraction(1))
