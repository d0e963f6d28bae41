from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.facts.rollups import SUMMABLE, Resolution, Rollup, merged, rolled_up
from outgrow.facts.samples import Absence, Measured, Missing, Sample

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = Resolution.HOUR

_values = st.floats(-1e12, 1e12)
_gaps = st.just(None)


def samples_of(values: list[float | None]) -> list[Sample]:
    moments = [NOON + timedelta(seconds=index) for index in range(len(values))]
    return [
        Missing(at, Absence.NULL, "", at) if value is None else Measured(at, value, at)
        for at, value in zip(moments, values, strict=True)
    ]


@given(parts=st.lists(st.lists(_values | _gaps, max_size=8), max_size=6))
def test_merging_the_rollups_of_parts_is_rolling_up_the_whole(parts: list[list[float | None]]) -> None:
    whole = rolled_up(samples_of([value for part in parts for value in part]), NOON, HOUR)

    put_together = merged([rolled_up(samples_of(part), NOON, HOUR) for part in parts], NOON, HOUR)

    assert replace(put_together, total=None) == replace(whole, total=None)
    assert put_together.total == pytest.approx(whole.total, abs=1e-2)


@given(values=st.lists(_values, min_size=1))
def test_every_value_lies_in_the_range(values: list[float]) -> None:
    rollup = rolled_up(samples_of(list(values)), NOON, HOUR)

    assert (rollup.low, rollup.high) == (min(values), max(values))
    assert (rollup.first, rollup.last, rollup.count) == (values[0], values[-1], len(values))


def test_nothing_is_made_of_no_values() -> None:
    nothing = Rollup(NOON, HOUR, 0, 2, None, None, None, None, None)

    assert rolled_up(samples_of([None, None]), NOON, HOUR) == nothing
    assert merged([nothing], NOON, HOUR) == nothing
    assert merged([], NOON, HOUR) == replace(nothing, missing=0)


def test_what_cannot_be_summed_has_no_total_however_it_is_merged() -> None:
    large = rolled_up(samples_of([SUMMABLE, 1.0]), NOON, HOUR)
    small = rolled_up(samples_of([2.0]), NOON, HOUR)

    assert (large.total, large.high) == (None, SUMMABLE)
    assert merged([large, small], NOON, HOUR).total is None


@given(
    moment=st.datetimes(
        datetime(1960, 1, 1),  # noqa: DTZ001 (hypothesis puts the zone on)
        datetime(2060, 1, 1),  # noqa: DTZ001 (hypothesis puts the zone on)
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=9, minutes=30))]),
    ),
    resolution=st.sampled_from(Resolution),
)
def test_a_bucket_begins_at_most_its_span_before_what_it_holds(moment: datetime, resolution: Resolution) -> None:
    start = resolution.start_of(moment)

    assert start <= moment < start + resolution.span
    assert start.tzinfo is UTC
    assert resolution.start_of(start) == start
