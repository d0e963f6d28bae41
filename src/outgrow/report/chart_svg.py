"""A chart as SVG that stretches with the page: positions are shares of the plot, text keeps its size.

Shapes lie in a view box of 1000 by 1000 that is stretched over the plot (their strokes are not); rectangles and texts
stand at percentages. No style is written into an element, so that a strict content security policy holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from outgrow.report.chart import Chart, Fan, Threshold
from outgrow.report.columns import Stretch

_BOX: Final = 1000.0
_TEXT_PERCENT: Final = 9
_TEXT_WIDTH: Final = 72
_TEXT_COLUMNS: Final = 3
_TEXT_LEFT: Final = 4
_TEXT_ABOVE: Final = -4
_TEXT_BELOW: Final = 13
"""A threshold's text is about 9 % of the plot high and 72 pixels wide; it stands so many pixels from its line."""
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of time as a rectangle over the full height: left edge and width in percent."""

    left: str
    width: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place in percent."""

    at: str
    text: str
    anchor: Anchor = "middle"


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold: its height in percent from above, and where its text stands: pixels from the left, and down."""

    at: str
    text: str
    kind: str
    text_left: int
    text_down: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A crossing: its interval as a bar and its median as a dot, in the view box; `open` has no right end."""

    bar: str
    dot: str
    open: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that a template places: paths of the view box, rectangles, rules and labels in percent."""

    lines: tuple[tuple[str, str], ...]
    accents: tuple[str, ...]
    bands: tuple[tuple[str, str], ...]
    fitted: str
    fitted_line: str
    future: str
    future_line: str
    dots: str
    last: str
    held: tuple[Block, ...]
    gaps: tuple[Block, ...]
    own_load: tuple[Block, ...]
    rules: tuple[Rule, ...]
    crossing: Mark | None
    times: tuple[Label, ...]
    values: tuple[Label, ...]
    now: str


@dataclass(frozen=True, slots=True)
class _Plane:
    """From time and value to shares of the plot's width and height, from the left and from above."""

    chart: Chart

    def x(self, at: float) -> float:
        span = self.chart.end - self.chart.start or 1.0
        return min(1.0, max(0.0, (at - self.chart.start) / span))

    def y(self, value: float) -> float:
        span = self.chart.high - self.chart.low or 1.0
        return min(1.05, max(-0.05, (self.chart.high - value) / span))

    def point(self, at: float, value: float) -> str:
        return f"{_number(self.x(at) * _BOX)} {_number(self.y(value) * _BOX)}"


def drawing(chart: Chart) -> Drawing:
    """Work out every place of a chart."""
    plane = _Plane(chart)
    return Drawing(
        lines=tuple(
            (_path(plane, line.points), "quiet" if line.quiet else line.tone) for line in chart.lines if not line.accent
        ),
        accents=tuple(_path(plane, line.points) for line in chart.lines if line.accent),
        bands=tuple((_between(plane, band.points), band.tone) for band in chart.bands),
        fitted=_area(plane, chart.fitted),
        fitted_line=_path(plane, [(fan.at, fan.middle) for fan in chart.fitted]),
        future=_area(plane, chart.future),
        future_line=_path(plane, [(fan.at, fan.middle) for fan in chart.future]),
        dots=" ".join(f"M{plane.point(at, value)}h0" for at, value in chart.dots),
        last=" ".join(f"M{plane.point(at, value)}h0" for at, value in last_points(chart) if not chart.is_elapsed),
        held=_blocks(plane, chart.held),
        gaps=_blocks(plane, chart.gaps),
        own_load=_blocks(plane, chart.own_load),
        rules=tuple(_rules(plane, chart.thresholds)),
        crossing=_mark(plane, chart),
        times=tuple(_times(plane, chart)),
        values=tuple(Label(_percent(plane.y(value)), text, "end") for value, text in chart.value_ticks),
        now=_percent(plane.x(chart.now)),
    )


def last_points(chart: Chart) -> list[tuple[float, float]]:
    """Give the newest value of every line that stands in front: the one the headroom speaks of."""
    loud = (line for line in chart.lines if not line.quiet and not line.accent)
    newest = (next(((at, value) for at, value in reversed(line.points) if value is not None), None) for line in loud)
    return [point for point in newest if point is not None]


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _percent(share: float) -> str:
    return f"{_number(share * 100)}%"


def _path(plane: _Plane, points: Iterable[tuple[float, float | None]]) -> str:
    """Draw points as a line that breaks where there is no value; a lone point becomes a dot."""
    drawn: list[str] = []
    pen_down = False
    alone = False
    for at, value in points:
        if value is None:
            drawn += ["h0"] if alone else []
            pen_down = alone = False
            continue
        drawn.append(f"{'L' if pen_down else 'M'}{plane.point(at, value)}")
        alone, pen_down = not pen_down, True
    return "".join([*drawn, *(["h0"] if alone else [])])


def _area(plane: _Plane, fans: Sequence[Fan]) -> str:
    return _between(plane, [(fan.at, fan.low, fan.high) for fan in fans])


def _between(plane: _Plane, points: Sequence[tuple[float, float, float]]) -> str:
    if not points:
        return ""
    above = [plane.point(at, high) for at, _, high in points]
    below = [plane.point(at, low) for at, low, _ in reversed(points)]
    return "M" + "L".join([*above, *below]) + "Z"


def _blocks(plane: _Plane, stretches: Iterable[Stretch]) -> tuple[Block, ...]:
    """Give stretches their place; those that touch at the precision of the page become one."""
    merged: list[Stretch] = []
    for since, until in stretches:
        left, right = plane.x(since), plane.x(until)
        if merged and left - merged[-1][1] < 1 / _BOX:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return tuple(Block(_percent(left), _percent(max(right - left, 2 / _BOX))) for left, right in merged)


def _rules(plane: _Plane, thresholds: Sequence[Threshold]) -> Iterable[Rule]:
    """Place the thresholds: texts above their line, below where there is no room, else further to the right."""
    taken: set[tuple[int, int]] = set()
    for each in sorted(thresholds, key=lambda threshold: -threshold.value):
        height = plane.y(each.value) * 100
        places = ((column, below) for column in range(_TEXT_COLUMNS) for below in (False, True))
        column, below = next((place for place in places if _is_free(height, *place, taken)), (0, False))
        taken |= {(column, row) for row in _rows(height, below)}
        yield Rule(
            at=f"{_number(height)}%",
            text=each.text,
            kind=each.kind,
            text_left=_TEXT_LEFT + column * _TEXT_WIDTH,
            text_down=_TEXT_BELOW if below else _TEXT_ABOVE,
        )


def _is_free(height: float, column: int, below: bool, taken: set[tuple[int, int]]) -> bool:  # noqa: FBT001 (a place)
    rows = _rows(height, below)
    return rows[0] >= 0 and not any((column, row) in taken for row in rows)


def _rows(height: float, below: bool) -> range:  # noqa: FBT001 (a place)
    """Give the percents of the plot's height that a text beside a line at `height` covers."""
    top = round(height) + (1 if below else -_TEXT_PERCENT)
    return range(top, top + _TEXT_PERCENT)


def _mark(plane: _Plane, chart: Chart) -> Mark | None:
    crossing = chart.crossing
    if crossing is None:
        return None
    height = _number(plane.y(crossing.level) * _BOX)
    left, right = plane.x(crossing.earliest), plane.x(crossing.latest if crossing.latest is not None else chart.end)
    return Mark(
        bar=f"M{_number(left * _BOX)} {height}H{_number(right * _BOX)}",
        dot=f"M{_number(plane.x(crossing.at) * _BOX)} {height}h0",
        open=crossing.latest is None,
    )


def _times(plane: _Plane, chart: Chart) -> Iterable[Label]:
    """Label the time axis; the first and the last text stay inside the plot."""
    for at, text in chart.time_ticks:
        share = plane.x(at)
        anchor: Anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"  # noqa: PLR2004 (half a text)
        yield Label(_percent(share), text, anchor)
