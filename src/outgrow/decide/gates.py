"""Thresholds with their figures: each name of the plan replaced by what it stands for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from outgrow.errors import UsageError
from outgrow.plan import Plan
from outgrow.plan.levels import Level
from outgrow.plan.load_metrics import METRICS, Operator
from outgrow.plan.load_thresholds import LoadThreshold, Reading
from outgrow.plan.targets import ResourceTarget, Targets
from outgrow.quantity import Quantity, parse_unit

SECONDS: Final = parse_unit("s")
_FALLING: Final[Mapping[Operator, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Gate:
    """A threshold ready to be held against a run.

    `of` is a metric, or with `is_signal` a signal. `limit` is in `unit`: seconds for times, 0 to 1 for shares, bytes,
    a number, a number a second, or the signal's unit. `percent` goes with the method `p`. Without `over_seconds` the
    run as a whole is judged.
    """

    text: str
    of: str
    tags: tuple[tuple[str, str], ...]
    method: str
    percent: float | None
    operator: Operator
    limit: float
    unit: str
    is_signal: bool = False
    over_seconds: float | None = None
    abort_on_fail: bool = False
    delay_seconds: float = 0.0

    def judges(self, scenario: str) -> bool:
        """Say whether it is set on a scenario: on every one unless its tags name another."""
        return all(value == scenario for tag, value in self.tags if tag == "scenario")

    def holds(self, value: float) -> bool:
        """Say whether a value in `unit` is on the right side of the limit."""
        match self.operator:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
            case ">=":
                return value >= self.limit
            case "==":
                return value == self.limit
            case "!=":
                return value != self.limit


def gates_of(plan: Plan, thresholds: Mapping[str, Sequence[LoadThreshold]]) -> tuple[Gate, ...]:
    """Give a scenario's thresholds, or a phase's goals, with their figures.

    Raises:
        UsageError: a name leads nowhere; `outgrow.plan.file` finds that earlier, with its place.
    """
    return tuple(_gate(plan, key, each) for key, several in thresholds.items() for each in several)


def signals_asked(gates: Sequence[Gate]) -> Iterator[str]:
    """Name the signals that must be watched during the run."""
    yield from dict.fromkeys(gate.of for gate in gates if gate.is_signal)


def _gate(plan: Plan, key: str, threshold: LoadThreshold) -> Gate:
    reading = threshold.reading
    if reading.subject == "metric":
        return _of_metric(plan, key, threshold, reading)
    if reading.subject == "level":
        level = plan.levels.get(reading.of)
        if level is None:
            raise UsageError(f'{key}: no level is called "{reading.of}"')
        return _of_signal(plan, key, threshold, reading, level.signal, _figure_of(level, str(reading.limit)), level)
    if reading.subject == "resource":
        target: ResourceTarget | None = getattr(plan.targets, reading.of)
        if target is None:
            raise UsageError(f"{key}: the plan's targets do not say which signal it is; add targets: {{{key}: ...}}")
        limit = target.below if isinstance(reading.limit, str) else reading.limit
        return _of_signal(plan, key, threshold, reading, target.signal, limit)
    levels = [level for level in plan.levels.values() if level.signal == reading.of]
    if isinstance(reading.limit, Quantity):
        return _of_signal(plan, key, threshold, reading, reading.of, reading.limit)
    if len(levels) != 1:
        raise UsageError(f'{key}: {len(levels)} levels are on "{reading.of}"; {reading.limit} needs exactly one')
    return _of_signal(plan, key, threshold, reading, reading.of, _figure_of(levels[0], reading.limit))


def _of_metric(plan: Plan, key: str, threshold: LoadThreshold, reading: Reading) -> Gate:
    metric = METRICS[reading.of]
    unit = metric.unit_of(reading.method)
    named = isinstance(reading.limit, str)
    limit = figure_named(plan.targets, reading) if isinstance(reading.limit, str) else reading.limit
    if limit is None:
        raise UsageError(f"{key}: the plan's targets do not say {reading.limit}; add it there, or write the figure")
    base = SECONDS if unit.dimension == "time" else unit
    return Gate(
        text=_text(key, threshold, reading, limit if named else None),
        of=reading.of,
        tags=reading.tags,
        method=reading.method,
        percent=reading.percent,
        operator=reading.operator,
        limit=unit.convert(limit.in_unit(unit), base),
        unit=base.name,
        over_seconds=None if threshold.over is None else threshold.over.total_seconds(),
        abort_on_fail=threshold.abort_on_fail,
        delay_seconds=threshold.delay_abort_eval.total_seconds(),
    )


def _of_signal(
    plan: Plan,
    key: str,
    threshold: LoadThreshold,
    reading: Reading,
    name: str,
    limit: Quantity,
    level: Level | None = None,
) -> Gate:
    signal = plan.signals.get(name)
    if signal is None:
        raise UsageError(f'{key}: no signal is called "{name}"')
    falls = level is not None and not level.rising
    return Gate(
        text=_text(key, threshold, reading, limit if isinstance(reading.limit, str) else None),
        of=name,
        tags=(),
        method=reading.method,
        percent=100 - reading.percent if falls and reading.percent is not None else reading.percent,
        operator=_FALLING[reading.operator] if falls else reading.operator,
        limit=limit.in_unit(signal.measure),
        unit=signal.unit,
        is_signal=True,
    )


def figure_named(targets: Targets, reading: Reading) -> Quantity | None:
    """Give the figure of the targets that a metric's limit names; none where they do not say it."""
    match reading.of, reading.limit:
        case "http_req_duration", "target" if reading.percent in {50, 95, 99}:
            span = getattr(targets, f"p{reading.percent:.0f}")
            return None if span is None else Quantity(span.total_seconds(), SECONDS, str(span))
        case "http_req_failed", "target":
            return targets.errors
        case "availability", "target":
            return targets.availability
        case "concurrent_users", "target":
            return _bare(targets.concurrent_users)
        case "http_reqs", "normal" | "peak" | "max":
            return _bare(getattr(targets.rps, str(reading.limit)))
        case _:
            return None


def _bare(figure: float | None) -> Quantity | None:
    return None if figure is None else Quantity(float(figure), None, f"{figure:g}")


def _figure_of(level: Level, name: str) -> Quantity:
    return {"target": level.target, "warning": level.warning, "danger": level.danger}[name]


def _text(key: str, threshold: LoadThreshold, reading: Reading, named: Quantity | None) -> str:
    """Give the threshold as it was written, with an operator and with what a name stands for."""
    written = threshold.threshold.strip()
    if reading.subject == "level":
        text = f"{key} {reading.of} {reading.limit}"
    elif any(sign in written for sign in "<>="):
        text = f"{key} {written}"
    else:
        text = f"{key} {reading.operator} {written}"
    text += "" if named is None else f" ({named})"
    return text + ("" if threshold.over is None else f" over {threshold.over}")
