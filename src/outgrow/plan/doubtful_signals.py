"""Doubts about sources and signals: secrets written out, stretches nobody sees, a past that cannot be asked for."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from outgrow.plan import Plan
from outgrow.plan.doubt import Doubt
from outgrow.plan.secrets import broken_references, holds_password
from outgrow.plan.signals import DeltaSignal, QuerySignal, RateSignal, RatioSignal, inputs_of, origins_of
from outgrow.plan.sources import PrometheusSource, RecordedSource, SqlQuery
from outgrow.plan.yaml_tree import Path

_NOW: Final = re.compile(r"(?<![:\w]):now(?:_epoch)?\b")
_DATABASES_NOW: Final = re.compile(
    r"\b(?:now\s*\(\s*\)|current_(?:timestamp|date|time)\b|sysdate\b|(?:clock|statement|transaction)_timestamp\s*\("
    r"|(?:date)?time\s*\(\s*'now')",
    re.IGNORECASE,
)
_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_EVERY_COLUMN: Final = re.compile(r"\*(?!\s*\))")
"""A star that is not the one of count(*)."""


def sql_of(signal: QuerySignal) -> str | None:
    """Give a signal's SQL without comments; none where it is not read by SQL."""
    return _COMMENTS.sub(" ", signal.read.query) if isinstance(signal.read, SqlQuery) else None


def asks_now(sql: str) -> bool:
    """Say whether a query binds `:now` (or `:now_epoch`)."""
    return _NOW.search(sql) is not None


def names_column(sql: str, column: str) -> bool:
    """Say whether a query may give a column of that name."""
    named = re.search(rf"\b{re.escape(column)}\b", sql, re.IGNORECASE)
    return named is not None or _EVERY_COLUMN.search(sql) is not None


def answers_past(name: str, plan: Plan) -> bool:
    """Say whether a signal's past can be asked for, as far as the plan shows."""
    return all(_answers_past(signal, plan) for signal in origins_of(name, plan.signals).values())


def _answers_past(signal: QuerySignal, plan: Plan) -> bool:
    sql = sql_of(signal)
    if signal.history == "journal":
        return False
    return (
        asks_now(sql) if sql is not None else isinstance(plan.sources[signal.source], PrometheusSource | RecordedSource)
    )


def source_doubts(plan: Plan) -> Iterator[Doubt]:
    """Doubt passwords that are written out, and references that are none."""
    texts: dict[Path, str] = {("journal", "url"): plan.journal.url}
    for name, source in plan.sources.items():
        texts |= _texts(source.model_dump(), ("sources", name))
    for path, text in texts.items():
        if holds_password(text):
            remedy = "put it into an environment variable and write ${NAME} in its place"
            yield Doubt(path, "holds a password that is written out", remedy)
        for each in broken_references(text):
            yield Doubt(path, f'"{each}" is taken literally', "write ${NAME}, of letters, digits and underscores")


def _texts(value: object, path: Path) -> dict[Path, str]:
    if isinstance(value, str):
        return {path: value}
    found: dict[Path, str] = {}
    if isinstance(value, Mapping):
        for key, each in cast("Mapping[str, object]", value).items():
            found |= _texts(each, (*path, key))
    return found


def signal_doubts(plan: Plan) -> Iterator[Doubt]:
    """Doubt signals that leave stretches unseen, outrun their inputs, or cannot be asked for the past."""
    for name, signal in plan.signals.items():
        path: Path = ("signals", name)
        if isinstance(signal, QuerySignal):
            yield from _query_doubts(path, signal)
            continue
        if isinstance(signal, RatioSignal) and not signal.unit:
            above, below = (plan.signals[each].measure for each in signal.ratio)
            if above.comparable_with(below) and above.scale != below.scale:
                what = f"divides {above.name} by {below.name} as plain numbers, for it has no unit"
                yield Doubt(path, what, "write unit: ratio or unit: percent")
        for each in inputs_of(signal):
            slower = plan.signals[each].every
            if signal.every < slower:
                what = f'{signal.every} is more often than "{each}" is measured, every {slower}'
                yield Doubt((*path, "every"), what, f"write every: {slower}, or measure {each} more often")
            if isinstance(signal, RateSignal | DeltaSignal) and signal.over is not None and signal.over < slower:
                what = f'{signal.over} is shorter than the {slower} between two values of "{each}"'
                yield Doubt((*path, "over"), what, f"write over: {slower} or longer")


def _query_doubts(path: Path, signal: QuerySignal) -> Iterator[Doubt]:
    if signal.window is not None and signal.window < signal.every:
        what = f"{signal.window} is shorter than every: {signal.every}, so that what happens in between is never seen"
        yield Doubt((*path, "window"), what, f"look back over {signal.every} or longer, or measure more often")
    sql = sql_of(signal)
    if sql is None:
        return
    query: Path = (*path, "query")
    if _DATABASES_NOW.search(sql) and signal.history == "source":
        remedy = "write :now, or say history: journal"
        yield Doubt(query, "asks the database for the present moment, so that its past cannot be asked for", remedy)
    for label in signal.by:
        if not names_column(sql, label):
            yield Doubt((*path, "by"), f'"{label}" does not stand in the query', "select it, and group by it")
