"""Samples, signals and checkpoints for the tests of decide, in as few words as possible."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from outgrow.decide.checkpoints import Case, case_of
from outgrow.decide.terms import Terms, terms_of
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Sample
from outgrow.plan.checkpoints import Checkpoint, Condition
from outgrow.plan.signals import DeltaSignal, GrowthSignal, QuerySignal, RateSignal, RatioSignal
from outgrow.plan.sources import SqlQuery

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def value(minutes: float, value: float, n: int | None = None) -> Measured:
    return Measured(at(minutes), float(value), at(minutes), n)


def missing(minutes: float, absence: Absence = Absence.NULL, detail: str = "the query gave NULL") -> Missing:
    return Missing(at(minutes), absence, detail, at(minutes))


def samples(*values: float | None, first: float = 0, step: float = 1) -> tuple[Sample, ...]:
    """Samples one `step` (minutes) apart; None leaves one out."""
    moments = [first + index * step for index in range(len(values))]
    return tuple(value(each, given) for each, given in zip(moments, values, strict=True) if given is not None)


def query(unit: str = "ms", every: str = "1m", **options: Any) -> QuerySignal:
    return QuerySignal.model_validate(
        {"source": "db", "read": SqlQuery(query="SELECT 1"), "unit": unit, "every": every, **options}
    )


SIGNAL = "latency"


def terms(
    condition: Mapping[str, Any],
    signal: QuerySignal | RatioSignal | RateSignal | GrowthSignal | DeltaSignal | None = None,
    **others: QuerySignal,
) -> Terms:
    declared = Condition.model_validate({"signal": SIGNAL, **condition})
    return terms_of("A", declared, {SIGNAL: signal or query(), **others})


def case(checkpoint: Mapping[str, Any], signals: Mapping[str, QuerySignal] | None = None, **options: Any) -> Case:
    declared = Checkpoint.model_validate(checkpoint)
    known = dict(signals or {})
    for condition in declared.conditions.values():
        known.setdefault(condition.signal, query(unit=""))
    return case_of("split", declared, known, **options)


def one(series: Sequence[Sample]) -> Mapping[Labels, Sequence[Sample]]:
    return {(): series}
