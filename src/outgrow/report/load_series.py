"""A load test as series over time, named after k6's metrics, for OpenMetrics files and for Prometheus.

Counters count from the run's start, gauges and quantiles are those of each second.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from outgrow.facts.buckets import NOTHING, Buckets
from outgrow.facts.loads import LoadFacts, LoadSecond, StepSecond
from outgrow.report.load_trends import COST, PER_THOUSAND, SECONDS, TOTALS

QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """A value of a series: the end of its name, its labels, seconds since the epoch, and the value."""

    suffix: str
    labels: Labels
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """Series of one name; points stand series by series, each in time order."""

    name: str
    kind: Literal["counter", "gauge"]
    says: str
    unit: str
    points: tuple[SeriesPoint, ...]


def families(facts: LoadFacts) -> Iterator[Family]:
    """Give every series of a run, family by family; `testid` tells runs of one scenario apart."""
    common = (("scenario", facts.scenario), ("testid", facts.started_at.isoformat()))
    yield from (family for family in _every_family(_Series(facts, common)) if family.points)


def _every_family(series: "_Series") -> Iterator[Family]:
    yield Family("outgrow_http_reqs", "counter", "Requests by what became of them.", "", tuple(series.requests()))
    yield Family(
        "outgrow_http_req_duration_seconds",
        "gauge",
        "Response times from when requests were due; quantiles of each second.",
        "seconds",
        tuple(series.durations()),
    )
    yield Family("outgrow_http_statuses", "counter", "Answers by status.", "", tuple(series.statuses()))
    yield Family("outgrow_answers", "counter", "Answers that have a response time.", "", tuple(series.answers()))
    yield Family("outgrow_answer_seconds", "counter", "Their sum.", "seconds", tuple(series.answer_seconds()))
    yield Family("outgrow_checks", "counter", "Checks that passed and failed.", "", tuple(series.checks()))
    for way in ("sent", "received"):
        yield Family(f"outgrow_data_{way}_bytes", "counter", f"Bytes {way}.", "bytes", tuple(series.bytes(way)))
    for kind in ("due", "started", "dropped"):
        yield Family(f"outgrow_iterations_{kind}", "counter", f"Arrivals {kind}.", "", tuple(series.arrivals(kind)))
    for name, field, says in (
        ("vus", "in_flight", "Arrivals under way."),
        ("connections", "connections", "Open connections."),
        ("generator_cpu_ratio", "cpu_share", "The generator's own processor time, of one core."),
    ):
        yield Family(f"outgrow_{name}", "gauge", says, "", tuple(series.gauge(field)))
    yield from series.trends()
    yield Family("outgrow_resource", "gauge", "What was watched of the target.", "", tuple(series.resources()))


class _Series:
    """The points of one run."""

    def __init__(self, facts: LoadFacts, common: Labels) -> None:
        self._facts = facts
        self._common = common
        self._start = facts.started_at.timestamp()
        self._steps = [step.name for step in facts.steps]
        self._labels = {step.name: (("step", step.name), *_labels(step.tags)) for step in facts.steps}

    def requests(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            for outcome in sorted({each for _, step in self._of(name) for each in step.outcomes}):
                counts = [step.outcomes.get(outcome, 0) for _, step in self._of(name)]
                yield from self._counted(counts, *self._labels[name], ("outcome", outcome.value))

    def durations(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            for share in QUANTILES:
                yield from self._quantiles(name, share, [step.response for _, step in self._of(name)])

    def statuses(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            for status in sorted({each for _, step in self._of(name) for each in step.statuses}):
                counts = [step.statuses.get(status, 0) for _, step in self._of(name)]
                yield from self._counted(counts, *self._labels[name], ("status", str(status)))

    def trends(self) -> Iterator[Family]:
        """Give what was measured of answers: quantiles of each second, and what came or was paid in all."""
        names = {each for second in self._facts.timeline for step in second.steps.values() for each in step.trends}
        for trend in sorted(names):
            measured = {name: [step.trends.get(trend, NOTHING) for _, step in self._of(name)] for name in self._steps}
            if trend in TOTALS:
                total, scale = ("cost", PER_THOUSAND) if trend == COST else (trend, 1.0)
                points = (
                    point
                    for name, values in measured.items()
                    for point in self._counted([each.total_seconds * scale for each in values], *self._labels[name])
                )
                yield Family(f"outgrow_{total}", "counter", f"{total} of all answers.", "", tuple(points))
            if trend not in TOTALS or trend == COST:
                unit = "seconds" if trend.endswith(SECONDS) else ""
                points = (
                    point
                    for name, values in measured.items()
                    for share in QUANTILES
                    for point in self._quantiles(name, share, values)
                )
                says = f"{trend.replace('_', ' ')}; quantiles of each second."
                yield Family(f"outgrow_{trend}", "gauge", says, unit, tuple(points))

    def _quantiles(self, step: str, share: float, values: Sequence[Buckets]) -> Iterator[SeriesPoint]:
        labels = (("quantile", f"{share:g}"), *self._labels[step], *self._common)
        for second, found in zip(self._facts.timeline, values, strict=True):
            value = found.quantile(share)
            if value is not None:
                yield SeriesPoint("", labels, self._at(second), value)

    def answers(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            yield from self._counted([step.response.count for _, step in self._of(name)], *self._labels[name])

    def answer_seconds(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            yield from self._counted([step.response.total_seconds for _, step in self._of(name)], *self._labels[name])

    def checks(self) -> Iterator[SeriesPoint]:
        for name in self._steps:
            for title in sorted({each for _, step in self._of(name) for each in step.checks}):
                for side, result in enumerate(("passed", "failed")):
                    counts = [step.checks.get(title, (0, 0))[side] for _, step in self._of(name)]
                    yield from self._counted(counts, *self._labels[name], ("check", title), ("result", result))

    def bytes(self, way: str) -> Iterator[SeriesPoint]:
        for name in self._steps:
            yield from self._counted([getattr(step, f"bytes_{way}") for _, step in self._of(name)], *self._labels[name])

    def arrivals(self, kind: str) -> Iterator[SeriesPoint]:
        yield from self._counted([getattr(second, kind) for second in self._facts.timeline])

    def gauge(self, name: str) -> Iterator[SeriesPoint]:
        for second in self._facts.timeline:
            yield SeriesPoint("", self._common, self._at(second), float(getattr(second, name)))

    def resources(self) -> Iterator[SeriesPoint]:
        for name, resource in self._facts.resources.items():
            labels = (("resource", name), ("unit", resource.unit), *self._common)
            for point in resource.points:
                if point.value is not None:
                    yield SeriesPoint("", labels, self._start + point.at_seconds, point.value)

    def _of(self, name: str) -> Iterator[tuple[LoadSecond, StepSecond]]:
        """Give a step's seconds; empty ones where nothing of it ended, so that every series has every second."""
        for second in self._facts.timeline:
            yield second, second.steps.get(name, StepSecond({}, {}))

    def _counted(self, counts: Sequence[float], *labels: tuple[str, str]) -> Iterator[SeriesPoint]:
        total = 0.0
        for second, count in zip(self._facts.timeline, counts, strict=True):
            total += count
            yield SeriesPoint("_total", (*labels, *self._common), self._at(second), total)

    def _at(self, second: LoadSecond) -> float:
        return self._start + second.at_seconds


_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")
_OURS: Final = frozenset(
    {"check", "outcome", "quantile", "resource", "result", "scenario", "status", "step", "testid", "unit"}
)


def _labels(tags: Mapping[str, str]) -> Labels:
    """Give a step's tags as labels; a name that a label cannot have, or that another label has, begins with `tag_`."""
    found = dict[str, str]()
    for tag, value in tags.items():
        name = _LABEL.sub("_", tag)
        found[f"tag_{name}" if name in _OURS or not name[:1].isalpha() else name] = value
    return tuple(found.items())


def openmetrics(facts: LoadFacts) -> str:
    """Give a run as OpenMetrics text, with the times of its seconds; `promtool tsdb create-blocks-from` reads it."""
    return "".join(openmetrics_lines(facts))


def openmetrics_lines(facts: LoadFacts) -> Iterator[str]:
    """Give the lines of `openmetrics`: of a long run they are hundreds of thousands."""
    for family in families(facts):
        yield f"# TYPE {family.name} {family.kind}\n"
        if family.unit:
            yield f"# UNIT {family.name} {family.unit}\n"
        yield f"# HELP {family.name} {family.says}\n"
        for point in family.points:
            labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in point.labels)
            yield f"{family.name}{point.suffix}{{{labels}}} {point.value:.12g} {point.at:.3f}\n"
    yield "# EOF\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def series_of(facts: LoadFacts) -> dict[tuple[str, Labels], list[tuple[float, float]]]:
    """Give a run's series by full name and labels (sorted by name, as Prometheus wants them)."""
    found: dict[tuple[str, Labels], list[tuple[float, float]]] = {}
    for family in families(facts):
        for point in family.points:
            name = family.name + point.suffix
            labels = tuple(sorted((("__name__", name), *point.labels)))
            found.setdefault((name, labels), []).append((point.at, point.value))
    return found
