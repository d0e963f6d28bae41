"""How figures of a load test are worded: durations to three figures, moments of a run as minutes and seconds."""

from typing import Final

from outgrow.facts.proofs import ThresholdResult
from outgrow.quantity import Unit, format_in, natural_unit, parse_unit

_SECOND: Final = parse_unit("s")
_MILLISECOND: Final = parse_unit("ms")
_MINUTE: Final = 60
_HOUR: Final = 3600


def milliseconds(seconds: float | None) -> str:
    """Word a duration in milliseconds, to three figures; a dash where there is none."""
    if seconds is None:
        return "–"
    found = seconds * 1000
    return f"{found:,.0f} ms" if found >= 100 else f"{found:.3g} ms"  # noqa: PLR2004 (three figures)


def clock(seconds: float) -> str:
    """Word a moment of a run: 0:07, 12:30, 1:05:00."""
    minutes, rest = divmod(int(seconds + 0.5), _MINUTE)
    if seconds < _HOUR:
        return f"{minutes}:{rest:02}"
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02}:{rest:02}"


def threshold_limit(result: ThresholdResult) -> str:
    """Word a threshold's limit with its operator, in the unit that people would choose: `< 200 ms`."""
    unit = parse_unit(result.unit)
    return f"{result.operator} {format_in(result.limit, unit, natural_unit(result.limit, unit))}"


def threshold_value(result: ThresholdResult) -> str:
    """Word what a threshold was held against, in the unit that people would choose; a dash where there is nothing.

    Times below a minute are worded as they are everywhere in a run, in milliseconds; with more figures where the value
    would read like the limit that it is not.
    """
    if result.value is None:
        return "–"
    unit = parse_unit(result.unit)
    if (
        unit.dimension == "time"
        and max(in_seconds := _seconds(result.value, unit), _seconds(result.limit, unit)) < _MINUTE
    ):
        shown = milliseconds(in_seconds)
        is_hidden = result.value != result.limit and shown == milliseconds(_seconds(result.limit, unit))
        return format_in(in_seconds, _SECOND, _MILLISECOND) if is_hidden else shown
    shown = format_in(result.value, unit, natural_unit(result.value or result.limit, unit))
    return shown.removesuffix("s") if result.value == 1 and result.unit in {"users", "tokens"} else shown


def _seconds(value: float, unit: Unit) -> float:
    return float(unit.convert(value, _SECOND))
