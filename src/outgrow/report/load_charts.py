"""The charts of a load test, all on one axis of seconds from the run's start."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil, floor, log10
from typing import Final, TypeVar

from outgrow.facts.buckets import Buckets, together
from outgrow.facts.loads import FAILURES, LoadFacts, Resource
from outgrow.quantity import format_number, parse_unit
from outgrow.report.axes import Tick, value_ticks
from outgrow.report.chart import Band, Chart, Line, Table, Threshold, Tone, scale_into, value_axis
from outgrow.report.columns import thinned
from outgrow.report.heat import Heat, heat_of
from outgrow.report.load_columns import COLUMNS, columns_of
from outgrow.report.load_trends import COST, PER_THOUSAND, charted, trend_name, whole_trends
from outgrow.report.load_words import clock, milliseconds
from outgrow.report.said import said
from outgrow.report.words import Words

_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_ROWS: Final = 60
_SHARES: Final = (0.5, 0.95, 0.99, 1)
_SAID: Final = ("p50", "p95", "p99", "greatest")
Each = TypeVar("Each")
_TONES: Final[tuple[Tone, ...]] = ("late", "edge", "accent", "plain", "quiet")


class LoadCharts:
    """The charts of one run."""

    def __init__(self, facts: LoadFacts, words: Words) -> None:
        """Draw the run's seconds together; nothing is drawn yet."""
        self._facts = facts
        self._words = words
        self._end = max(facts.seconds, 1.0)
        self._columns = columns_of(facts)

    def times(self) -> Chart | None:
        """Draw percentiles over time as bands, on a logarithmic axis; None where nothing was answered."""
        whole = self._facts.whole.response
        shown = {} if whole is None else {name: getattr(whole, f"{name}_seconds") for name in _SAID}
        sentence = self._words("load.times_sentence", **_worded(shown)) if shown else ""
        answered = [(column.at, column.response) for column in self._columns if column.response.count]
        return self._spread(self._words("load.times"), sentence, answered)

    def trends(self) -> Iterator[Chart]:
        """Draw what was measured of answers beside their times: durations as bands, tokens as they came in all."""
        for name in charted(self._facts):
            measured = [(column.at, column.trends[name]) for column in self._columns if name in column.trends]
            whole = together(found for _, found in measured)
            shown: dict[str, float | None] = {
                name: whole.quantile(share) for name, share in zip(_SAID, _SHARES, strict=True)
            }
            sentence = self._words("load.trend_sentence", **_worded(shown))
            if (chart := self._spread(trend_name(name, self._words), sentence, measured)) is not None:
                yield chart
        if any("tokens" in column.trends for column in self._columns):
            yield self._tokens()

    def _tokens(self) -> Chart:
        """Draw how many tokens came a second, of all answers together, by when the answers ended."""
        words, whole = self._words, whole_trends(self._facts)
        points = tuple(
            (column.at, column.trends["tokens"].total_seconds / column.seconds if "tokens" in column.trends else 0.0)
            for column in self._columns
        )
        line, tokens = Line("", points), whole["tokens"]
        sentence = words(
            "load.tokens_sentence",
            tokens=f"{tokens.total_seconds:,.0f}",
            rate=format_number(tokens.total_seconds / max(self._facts.seconds, 1e-9)),
            each=format_number(tokens.mean_seconds or 0.0),
        )
        if COST in whole:
            cost = format_number(whole[COST].mean_seconds or 0.0)
            total = format_number(whole[COST].total_seconds * PER_THOUSAND)
            sentence += " " + words("load.cost_sentence", cost=cost, total=total)
        return self._chart(words("load.tokens"), sentence, "/s", value_axis([line], (), (0.0,)), (line,))

    def _spread(self, title: str, sentence: str, measured: Sequence[tuple[float, Buckets]]) -> Chart | None:
        """Draw durations over time as bands, on a logarithmic axis; None where there are none."""
        low, high = _ends([found for _, found in measured])
        if not measured:
            return None
        words = self._words
        quantiles = [[_log(found.quantile(share)) for share in _SHARES] for _, found in measured]
        ats = [at for at, _ in measured]
        reaches: tuple[tuple[int, int, Tone], ...] = ((0, 1, "strong"), (1, 2, "faint"))
        bands = tuple(
            Band(tuple((at, each[lower], each[upper]) for at, each in zip(ats, quantiles, strict=True)), tone)
            for lower, upper, tone in reaches
        )
        greatest = self._words("load.head.greatest")
        names: tuple[tuple[int, str, Tone], ...] = ((3, greatest, "quiet"), (1, "p95", "accent"), (0, "p50", "plain"))
        lines = tuple(
            Line(
                name,
                tuple((at, each[index]) for at, each in zip(ats, quantiles, strict=True)),
                tone == "quiet",
                tone=tone,
            )
            for index, name, tone in names
        )
        rows = tuple(
            (clock(at), *(milliseconds(found.quantile(share)) for share in _SHARES)) for at, found in _fewer(measured)
        )
        heads = (words("table.time"), "p50", "p95", "p99", words("load.head.greatest"))
        table = Table(words("load.over_time"), heads, rows)
        axis = (low, high, _log_ticks(low, high))
        return self._chart(title, sentence, "ms", axis, lines, bands=bands, table=table, is_log=True)

    def heat(self) -> tuple[Chart, Heat] | None:
        """Draw how many answers took how long when, on the axes of `times`; None where nothing was answered."""
        columns = columns_of(self._facts, 120)
        answered = [column for column in columns if column.response.count]
        if not answered:
            return None
        low, high = _ends([column.response for column in self._columns if column.response.count])
        heat = heat_of([(column.at, column.response) for column in answered], self._end, low, high)
        words = self._words
        sentence = words("load.heat_sentence", most=format_number(heat.most))
        chart = self._chart(words("load.heat"), sentence, "ms", (low, high, _log_ticks(low, high)), (), is_log=True)
        return chart, heat

    def arrivals(self) -> Chart | None:
        """Draw what was due, started, done, failed and dropped in each second; None without seconds."""
        if not self._columns:
            return None
        words, facts = self._words, self._facts
        kinds: tuple[tuple[str, Tone], ...] = (
            ("due", "quiet"),
            ("started", "accent"),
            ("done", "plain"),
            ("failed", "late"),
            ("dropped", "edge"),
        )
        every = (Line(words(f"load.{kind}"), self._points(kind), tone == "quiet", tone=tone) for kind, tone in kinds)
        lines = tuple(line for line in every if any(value for _, value in line.points))
        due, started = (sum(getattr(second, kind) for second in facts.timeline) for kind in ("due", "started"))
        sentence = words(
            "load.arrivals_sentence",
            due=f"{due:,}",
            started=f"{started:,}",
            done=f"{sum(second.done for second in facts.timeline):,}",
            failed=f"{sum(second.failed for second in facts.timeline):,}",
            dropped=f"{sum(second.dropped for second in facts.timeline):,}",
        )
        heads = (words("table.time"), *(words(f"load.{kind}") for kind, _ in kinds))
        rows = tuple(
            (clock(column.at), *(format_number(getattr(column, kind)) for kind, _ in kinds))
            for column in _fewer(self._columns)
        )
        return self._chart(
            words("load.arrivals"),
            sentence,
            "/s",
            value_axis(lines, (), (0.0,)),
            lines,
            table=Table(words("load.over_time"), heads, rows),
        )

    def errors(self) -> Chart | None:
        """Draw failures by what they were, most frequent first; None where nothing failed."""
        words = self._words
        totals = {
            outcome: sum(column.outcomes.get(outcome, 0) for column in self._columns)
            for outcome in self._facts.whole.outcomes
            if outcome in FAILURES
        }
        ranked = sorted((each for each in totals if totals[each]), key=lambda each: -totals[each])
        if not ranked:
            return None
        lines = tuple(
            Line(
                words(f"load.outcome.{outcome.name.lower()}"),
                tuple((column.at, column.outcomes.get(outcome, 0.0)) for column in self._columns),
                tone == "quiet",
                tone=tone,
            )
            for outcome, tone in zip(ranked, _TONES, strict=False)
        )
        counts = self._facts.whole.outcomes
        parts = [f"{words(f'load.outcome.{each.name.lower()}')} {counts.get(each, 0):,}" for each in ranked]
        statuses = [f"{status}: {count:,}" for status, count in self._facts.whole.statuses.items() if status >= 400]  # noqa: PLR2004 (error statuses)
        sentence = words("load.errors_sentence", kinds=", ".join(parts))
        if statuses:
            sentence += " " + words("load.statuses_sentence", statuses=", ".join(statuses))
        return self._chart(words("load.errors"), sentence, "/s", value_axis(lines, (), (0.0,)), lines)

    def resources(self) -> Iterator[tuple[str, Chart | None, str]]:
        """Draw every watched resource: its name, its chart (None without a value), and why it could not be read."""
        for name, resource in self._facts.resources.items():
            yield name, self._resource(name, resource), said(resource.failure, self._words)

    def generator(self) -> Chart | None:
        """Draw the generator's own processor time; None without seconds."""
        if not self._columns:
            return None
        line = Line("", tuple((column.at, 100 * column.cpu_share) for column in self._columns))
        health = self._facts.health
        sentence = self._words(
            "load.generator_sentence", mean=f"{health.cpu_share:.0%}", highest=f"{health.cpu_share_highest:.0%}"
        )
        limit = Threshold(90.0, self._words("load.too_busy"), "danger")
        shown = (limit,) if health.cpu_share_highest > 0.5 else ()  # noqa: PLR2004 (else the line would be all that is seen)
        return self._chart(
            self._words("load.generator_cpu"),
            sentence,
            "%",
            value_axis([line], shown, (0.0,)),
            (line,),
            thresholds=shown,
        )

    def _resource(self, name: str, resource: Resource) -> Chart | None:
        values = [point.value for point in resource.points if point.value is not None]
        if not values:
            return None
        scale = scale_into(parse_unit(resource.unit), None, [*values, *([resource.limit] if resource.limit else [])])
        points = tuple(
            (min(max(point.at_seconds, 0.0), self._end), None if point.value is None else scale(point.value))
            for point in resource.points
        )
        line = Line("", tuple(_drawable(points, self._end)))
        limits = (
            ()
            if resource.limit is None
            else (Threshold(scale(resource.limit), scale.text(format_number(scale(resource.limit))), "danger"),)
        )
        full = next((each for each in self._facts.saturated if each.resource == name), None)
        shown = {
            kind: scale.text(format_number(scale(value)))
            for kind, value in (("low", min(values)), ("high", max(values)))
        }
        same = shown["low"] == shown["high"]
        sentence = self._words("load.resource_level" if same else "load.resource_sentence", **shown)
        if full is not None:
            sentence += " " + self._words(
                "load.resource_full", at=clock(full.at_seconds), limit=said(resource.limit_says, self._words)
            )
        held = () if full is None else ((full.at_seconds, self._end),)
        return self._chart(
            name, sentence, scale.name, value_axis([line], limits), (line,), thresholds=limits, held=held
        )

    def _points(self, kind: str) -> tuple[tuple[float, float], ...]:
        return tuple((column.at, float(getattr(column, kind))) for column in self._columns)

    def _chart(  # noqa: PLR0913 (what charts differ in)
        self,
        title: str,
        sentence: str,
        unit: str,
        axis: tuple[float, float, tuple[Tick, ...]],
        lines: tuple[Line, ...],
        *,
        thresholds: tuple[Threshold, ...] = (),
        bands: tuple[Band, ...] = (),
        held: tuple[tuple[float, float], ...] = (),
        table: Table | None = None,
        is_log: bool = False,
    ) -> Chart:
        slowed = self._facts.slowed_at_seconds
        return Chart(
            title=title,
            sentence=sentence,
            unit=unit,
            start=0.0,
            end=self._end,
            now=self._end,
            low=axis[0],
            high=axis[1],
            value_ticks=axis[2],
            time_ticks=tuple(clock_ticks(self._end)),
            lines=lines,
            thresholds=thresholds,
            held=held or (() if slowed is None else ((slowed, self._end),)),
            bands=bands,
            table=table,
            is_elapsed=True,
            is_log=is_log,
        )


def clock_ticks(end: float, most: int = 5) -> list[Tick]:
    """Give round moments of a run from its start to its end, at most so many."""
    step = next((each for each in _STEPS if end / each <= most), ceil(end / most))
    return [(float(at), clock(at)) for at in range(0, floor(end) + 1, step)]


def _log(seconds: float | None) -> float:
    """Give the place of a duration on a logarithmic axis of milliseconds."""
    return log10(max(seconds or 0.0, 1e-6) * 1000)


def _worded(seconds: Mapping[str, float | None]) -> dict[str, str]:
    return {name: milliseconds(value) for name, value in seconds.items()}


def _ends(measured: Sequence[Buckets]) -> tuple[float, float]:
    """Give both ends of a logarithmic axis on which all durations lie, with a little air."""
    if not measured:
        return 0.0, 1.0
    low = _log(min(found.quantile(0.01) or 0.0 for found in measured))
    high = _log(max(found.greatest_seconds for found in measured))
    return low - 0.05, max(high, low + 0.3) + 0.05


def _log_ticks(low: float, high: float) -> tuple[Tick, ...]:
    """Give 1, 2, 5 times powers of ten, or powers alone where that would be too many; finer where too few."""
    for factors, most in (((1, 2, 5), 7), ((1, 3), 7), ((1,), 99)):
        found = [
            (log10(factor) + power, format_number(factor * 10.0**power))
            for power in range(floor(low), ceil(high) + 1)
            for factor in factors
            if low <= log10(factor) + power <= high
        ]
        if 2 <= len(found) <= most:  # noqa: PLR2004 (an axis has two ticks)
            return tuple(found)
    return tuple((log10(value), text) for value, text in value_ticks(10**low, 10**high, 4) if value > 0)


def _drawable(points: Sequence[tuple[float, float | None]], end: float) -> Iterator[tuple[float, float | None]]:
    """Give of many readings the lowest and the highest of each column, and of each gap where it begins."""
    for is_gap, stretch in groupby(points, key=lambda point: point[1] is None):
        found = list(stretch)
        yield from (
            found[:1]
            if is_gap
            else thinned([(at, value) for at, value in found if value is not None], 0.0, end, COLUMNS)
        )


def _fewer(columns: Sequence[Each]) -> Sequence[Each]:
    """Give at most so many columns as a table has rows, evenly."""
    return columns[:: max(1, ceil(len(columns) / _ROWS))]
