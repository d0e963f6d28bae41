"""A chart as data: what is drawn, in the unit it is shown in, with the sentence and the table that say the same.

Times are seconds since the epoch. The server draws it as SVG (`chart_svg`), a browser redraws it to be looked into.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from outgrow.quantity import Unit, natural_unit
from outgrow.report.axes import Tick, value_range, value_ticks
from outgrow.report.columns import Stretch

ThresholdKind = Literal["enter", "leave", "target", "warning", "danger"]
Tone = Literal["plain", "quiet", "accent", "late", "edge", "strong", "faint"]
"""How loud a line or a band is, and in which ink."""
_DIGITS: Final = 5
_DIGITS_OF_RUNS: Final = 2
"""Times are whole seconds; of a run, whose columns may be a second wide, hundredths."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a signal's unit into the one that a chart shows: multiply by `factor`; `name` stands behind numbers."""

    factor: float
    name: str

    def __call__(self, value: float) -> float:
        """Convert a value."""
        return value * self.factor

    def text(self, number: str) -> str:
        """Put the unit behind a number."""
        return f"{number} {self.name}".rstrip()


def scale_into(unit: Unit, shown_in: Unit | None, values: Iterable[float]) -> Scale:
    """Choose the unit of a chart: that of the threshold, else the one that suits the largest value."""
    target = shown_in or natural_unit(max((abs(value) for value in values), default=1.0), unit)
    return Scale(float(unit.scale / target.scale), {"percent": "%", "ratio": ""}.get(target.name, target.name))


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a value of None breaks the line.

    `quiet` lines stand behind the one that matters; an `accent` is what that one is held against.
    """

    name: str
    points: tuple[tuple[float, float | None], ...]
    quiet: bool = False
    accent: bool = False
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Band:
    """An area between two values at each time, in time order."""

    points: tuple[tuple[float, float, float], ...]
    tone: Tone = "strong"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A horizontal line: a threshold, the one at which a condition is left, or the figure of a level."""

    value: float
    text: str
    kind: ThresholdKind


@dataclass(frozen=True, slots=True)
class Fan:
    """Where something lies at a time: below `low` in 5 % of cases, below `high` in 95 %."""

    at: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """When the threshold is crossed, on the time axis; `latest` is None beyond the forecast's horizon."""

    at: float
    earliest: float
    latest: float | None
    level: float
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A chart in numbers: a title, the heads of the columns, and the rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that one chart shows.

    `held` are the stretches in which the condition held, `gaps` those without data, `own_load` those that do not count.
    `notes` are what a pointer is told from their moment on until the next one. `dots` are daily levels; `fitted` and
    `future` the forecast's line with its 90 % band, before today and after. With `is_elapsed` times are seconds from
    the start of a run; with `is_log` values are logarithms to ten, the ticks' texts are not.
    """

    title: str
    sentence: str
    unit: str
    start: float
    end: float
    now: float
    low: float
    high: float
    value_ticks: tuple[Tick, ...]
    time_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    thresholds: tuple[Threshold, ...] = ()
    held: tuple[Stretch, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    own_load: tuple[Stretch, ...] = ()
    dots: tuple[tuple[float, float], ...] = ()
    fitted: tuple[Fan, ...] = ()
    future: tuple[Fan, ...] = ()
    crossing: Crossing | None = None
    table: Table | None = None
    notes: tuple[tuple[float, str], ...] = ()
    bands: tuple[Band, ...] = ()
    is_elapsed: bool = False
    is_log: bool = False


def value_axis(
    lines: Iterable[Line], thresholds: Iterable[Threshold], more: Iterable[float] = (), *, whole: bool = False
) -> tuple[float, float, tuple[Tick, ...]]:
    """Give both ends of the value axis and its ticks, so that every line and threshold is seen.

    With `whole` the ticks are whole numbers.
    """
    values = [value for line in lines for _, value in line.points if value is not None]
    low, high = value_range([*values, *(each.value for each in thresholds), *more])
    return low, high, tuple(value_ticks(low, high, whole=whole))


def noon(day: date, zone: ZoneInfo) -> float:
    """Give the place of a day on the time axis: its noon, in seconds since the epoch."""
    return datetime.combine(day, time(12), zone).timestamp()


def chart_data(chart: Chart) -> dict[str, Any]:
    """Give what a browser needs to redraw the chart: times are seconds from `start`, values are rounded."""
    digits = _DIGITS_OF_RUNS if chart.is_elapsed else None
    return {
        "start": round(chart.start),
        "end": round(chart.end),
        "now": round(chart.now),
        "low": _short(chart.low),
        "high": _short(chart.high),
        "unit": chart.unit,
        "ticks": [[_short(value), text] for value, text in chart.value_ticks],
        "lines": [
            {
                "name": line.name,
                "quiet": line.quiet,
                **({"accent": True} if line.accent else {}),
                "tone": line.tone,
                "at": [round(at - chart.start, digits) for at, _ in line.points],
                "values": [None if value is None else _short(value) for _, value in line.points],
            }
            for line in chart.lines
        ],
        "thresholds": [{"value": _short(each.value), "kind": each.kind} for each in chart.thresholds],
        "held": _stretches(chart.held),
        "gaps": _stretches(chart.gaps),
        "ownLoad": _stretches(chart.own_load),
        "dots": [[round(at), _short(value)] for at, value in chart.dots],
        "notes": [[round(at), text] for at, text in chart.notes],
        "bands": [
            {"tone": band.tone, "points": [list(map(_short, each)) for each in band.points]} for band in chart.bands
        ],
        "elapsed": chart.is_elapsed,
        "log": chart.is_log,
        "fitted": _fans(chart.fitted),
        "future": _fans(chart.future),
        "crossing": None
        if chart.crossing is None
        else {
            "at": round(chart.crossing.at),
            "earliest": round(chart.crossing.earliest),
            "latest": None if chart.crossing.latest is None else round(chart.crossing.latest),
            "level": _short(chart.crossing.level),
        },
    }


def _stretches(stretches: Iterable[Stretch]) -> list[list[int]]:
    return [[round(start), round(end)] for start, end in stretches]


def _fans(fans: Iterable[Fan]) -> list[list[float]]:
    return [[round(fan.at), _short(fan.low), _short(fan.middle), _short(fan.high)] for fan in fans]


def _short(value: float) -> float:
    """Round to what a chart can show; whole numbers stay whole."""
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded  # noqa: PLR2004 (exact floats)
