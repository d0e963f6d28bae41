"""Signals for tests of the sources that read no SQL, and the one value that reading them gives."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Labels, Measured, Missing, Sample
from outgrow.plan.model import Declared
from outgrow.plan.signals import QuerySignal
from outgrow.ports import SignalSource


def signal(read: Declared, **options: Any) -> QuerySignal:
    """Declare a signal."""
    return QuerySignal(source="it", read=read, **options)


async def sample_of(source: SignalSource, wanted: QuerySignal, now: datetime | None = None) -> Sample:
    """Read a signal without labels."""
    (observation,) = await source.observe(wanted, now or datetime.now(UTC))
    assert observation.labels == ()
    return observation.sample


async def value_of(source: SignalSource, wanted: QuerySignal, now: datetime | None = None) -> float:
    """Read a signal that has a value."""
    sample = await sample_of(source, wanted, now)
    assert isinstance(sample, Measured), sample
    return sample.value


async def missing_of(source: SignalSource, wanted: QuerySignal, now: datetime | None = None) -> tuple[Absence, str]:
    """Read a signal that has none; give why."""
    sample = await sample_of(source, wanted, now)
    assert isinstance(sample, Missing), sample
    return sample.absence, sample.detail


async def values_by_labels(source: SignalSource, wanted: QuerySignal) -> Mapping[Labels, float | Absence]:
    """Read a signal with labels."""
    observed = await source.observe(wanted, datetime.now(UTC))
    return {each.labels: value_or_absence(each.sample) for each in observed}


def value_or_absence(sample: Sample) -> float | Absence:
    """Give the value, or why there is none."""
    return sample.value if isinstance(sample, Measured) else sample.absence


async def failure_of(source: SignalSource, wanted: QuerySignal, failure: Failure) -> str:
    """Read a signal that fails as told; give the whole message."""
    with pytest.raises(SourceError) as raised:
        await source.observe(wanted, datetime.now(UTC))
    assert raised.value.failure is failure, raised.value
    assert raised.value.remedy, raised.value
    return str(raised.value)
