"""Doubts about conditions and levels: windows that nothing fills, thresholds that nothing crosses."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Final

from outgrow.plan import Plan
from outgrow.plan.checkpoints import COMPARISONS, ZERO, Condition
from outgrow.plan.doubt import Doubt
from outgrow.plan.doubtful_signals import answers_past, asks_now, names_column, sql_of
from outgrow.plan.signals import DerivedSignal, QuerySignal
from outgrow.plan.sources import DockerRead, HttpRead, ProcessRead, PromQuery, RedisRead
from outgrow.plan.yaml_tree import Path
from outgrow.quantity import Duration, Quantity, format_duration
from outgrow.quantity.written import exact

_READS_WITHOUT_ROWS: Final = (PromQuery, RedisRead, DockerRead, HttpRead, ProcessRead)


def condition_doubts(plan: Plan) -> Iterator[Doubt]:
    """Doubt every condition of the plan's checkpoints and alerts."""
    for name, checkpoint in plan.checkpoints.items():
        for letter, condition in checkpoint.conditions.items():
            yield from _doubts(("checkpoints", name, "conditions", letter), condition, plan)
    for name, alert in plan.alerts.items():
        yield from _doubts(("alerts", name, "condition"), alert.condition, plan)


def level_doubts(plan: Plan) -> Iterator[Doubt]:
    """Doubt levels that judge one signal twice, and figures that a share cannot have."""
    first: dict[str, str] = {}
    for name, level in plan.levels.items():
        other = first.setdefault(level.signal, name)
        if other != name:
            what = f'judges "{level.signal}", as "{other}" does'
            yield Doubt(("levels", name), what, "keep one of them, for two levels of one signal overlap")
        for option, figure in (("target", level.target), ("warning", level.warning), ("danger", level.danger)):
            yield from _beyond_a_share(("levels", name, option), figure, plan.signals[level.signal])


def _doubts(path: Path, condition: Condition, plan: Plan) -> Iterator[Doubt]:
    signal = plan.signals[condition.signal]
    yield from _window_doubts(path, condition, signal.every)
    yield from _memory_doubts(path, condition, plan)
    yield from _threshold_doubts(path, condition, signal)
    if condition.min_n is not None and isinstance(signal, QuerySignal):
        sql = sql_of(signal)
        what = f'has no effect, for "{condition.signal}" gives no n, the rows behind its value'
        if sql is not None and not names_column(sql, "n"):
            yield Doubt((*path, "min_n"), what, "select count(*) AS n, or remove min_n")
        elif isinstance(signal.read, _READS_WITHOUT_ROWS):
            yield Doubt((*path, "min_n"), what, "remove min_n")


def _window_doubts(path: Path, condition: Condition, every: Duration) -> Iterator[Doubt]:
    for option, span in (("for", condition.sustained_for), ("clears_for", condition.clears_for)):
        if ZERO < span < every:
            what = f"{span} is shorter than the {every} between two samples, so that a single one decides"
            yield Doubt((*path, option), what, f"write {option}: {every} or longer, or measure more often")
    if condition.max_gap is not None and condition.max_gap < every and condition.sustained_for > ZERO:
        what = f"{condition.max_gap} is shorter than the {every} between two samples, so that no window is ever covered"
        yield Doubt((*path, "max_gap"), what, f"write max_gap: {every} or longer, or measure more often")


def _memory_doubts(path: Path, condition: Condition, plan: Plan) -> Iterator[Doubt]:
    """Doubt windows whose past only the journal knows."""
    option, span = _looked_back_over(condition, plan.signals[condition.signal].every)
    if not span or answers_past(condition.signal, plan):
        return
    if span > plan.journal.keep_raw:
        what = f"looks back over {format_duration(span)}, and the journal keeps samples for {plan.journal.keep_raw}"
        yield Doubt((*path, option), what, "shorten it, or keep samples longer by journal: {keep_raw: ...}")
        return
    signal = plan.signals[condition.signal]
    sql = sql_of(signal) if isinstance(signal, QuerySignal) and signal.history == "source" else None
    if sql is not None and not asks_now(sql):
        known = f"{format_duration(span)} after the first check"
        what = f'the query of "{condition.signal}" has no :now, so that this is known {known}'
        yield Doubt((*path, option), what, "write :now into the query, or say history: journal")


def _looked_back_over(condition: Condition, every: Duration) -> tuple[str, timedelta]:
    if condition.m_of_n is not None:
        return "m_of_n", every * (condition.m_of_n.n - 1)
    return "for", condition.sustained_for


def _threshold_doubts(path: Path, condition: Condition, signal: QuerySignal | DerivedSignal) -> Iterator[Doubt]:
    yield from _beyond_a_share((*path, condition.comparison), condition.threshold, signal)
    leaves = condition.leaves_at
    if leaves is None:
        return
    enters_at, leaves_at = condition.threshold.in_unit(signal.measure), leaves.in_unit(signal.measure)
    if (leaves_at > enters_at) if condition.rising else (leaves_at < enters_at):
        option = "clears_below" if condition.rising else "clears_above"
        side, other = ("above", "lower") if condition.rising else ("below", "higher")
        what = f"{leaves} lies {side} the threshold, {condition.threshold}, so that it clears while it holds"
        yield Doubt((*path, option), what, f"write {condition.threshold} or a {other} value")


def _beyond_a_share(path: Path, threshold: Quantity, signal: QuerySignal | DerivedSignal) -> Iterator[Doubt]:
    """Doubt a threshold outside 0 to 100 % of a signal that is read as a share."""
    measure = signal.measure
    if measure.dimension != "ratio" or not isinstance(signal, QuerySignal):
        return
    share = exact(threshold.value) * (threshold.unit or measure).scale
    option = path[-1]
    if 0 <= share <= 1 and (option, share) not in {("above", Fraction(1)), ("below", Fraction(0))}:
        return
    shown = f"{threshold}" if threshold.unit else f"{threshold} is {float(share * 100):,g} %, which"
    if option in COMPARISONS and share in {0, 1}:
        what = (
            f"no share is ever {option} {threshold}"
            if threshold.unit
            else f"no share is ever {option} {float(share * 100):g} %"
        )
        yield Doubt(path, what, f"write {'at_least' if option == 'above' else 'at_most'}, or another value")
        return
    remedy = f"write {threshold} %" if threshold.unit is None and 1 < threshold.value <= 100 else "write 0 to 100 %"  # noqa: PLR2004 (a percentage)
    yield Doubt(path, f"{shown} lies outside a share's 0 to 100 %", remedy)
