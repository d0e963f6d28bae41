"""Chunks of instants grow with what they cost, and shrink to the instant that fails."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Observation, Origin
from outgrow.observe._past import InstantsFailedError, Pace, in_chunks

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
PACE = Pace(2_000, timedelta(seconds=10))


class Source:
    """Answers each chunk in `cost` seconds an instant, by a clock of its own; raises for what `fault` picks out."""

    def __init__(
        self,
        cost_seconds: float = 0.001,
        fault: Callable[[Sequence[datetime]], SourceError | None] = lambda _: None,
    ) -> None:
        self.cost_seconds = cost_seconds
        self.fault = fault
        self.seconds = 0.0
        self.sizes: list[int] = []

    def clock(self) -> float:
        return self.seconds

    async def ask(self, chunk: Sequence[datetime]) -> list[Observation]:
        self.sizes.append(len(chunk))
        self.seconds += self.cost_seconds * len(chunk)
        if error := self.fault(chunk):
            raise error
        return [Observation((), Measured(at, 1.0, NOW, origin=Origin.BACKFILL)) for at in chunk]


def instants(count: int) -> list[datetime]:
    return [BEGIN + timedelta(minutes=i) for i in range(count)]


def too_slow() -> SourceError:
    return InstantsFailedError(Failure.TIMED_OUT, "too slow")


@given(st.integers(0, 500), st.floats(1e-6, 3), st.integers(1, 40))
async def test_every_instant_is_answered_once_and_in_order(count: int, cost_seconds: float, most: int) -> None:
    source = Source(cost_seconds, fault=lambda chunk: too_slow() if len(chunk) > most else None)

    found = await in_chunks(instants(count), NOW, PACE, source.ask, source.clock)

    assert [each.sample.at for each in found] == instants(count)
    assert all(isinstance(each.sample, Measured) for each in found)


async def test_cheap_instants_are_asked_for_in_large_chunks() -> None:
    source = Source(cost_seconds=0.0001)

    await in_chunks(instants(43_200), NOW, PACE, source.ask, source.clock)

    assert len(source.sizes) < 30
    assert max(source.sizes) == 2_000


async def test_dear_instants_are_asked_for_a_second_or_two_at_a_time() -> None:
    source = Source(cost_seconds=0.1)

    await in_chunks(instants(300), NOW, PACE, source.ask, source.clock)

    assert set(source.sizes[2:-1]) == {15}


async def test_a_chunk_aims_below_a_short_time_limit() -> None:
    source = Source(cost_seconds=0.1)

    await in_chunks(instants(300), NOW, Pace(2_000, timedelta(seconds=1)), source.ask, source.clock)

    assert max(source.sizes[2:]) <= 5


async def test_one_bad_instant_is_missing_with_the_reason_and_costs_only_itself() -> None:
    bad = instants(100)[37]
    dividing = InstantsFailedError(Failure.BAD_QUERY, "division by zero")
    source = Source(fault=lambda chunk: dividing if bad in chunk else None)

    found = await in_chunks(instants(100), NOW, PACE, source.ask, source.clock)

    missing = [each.sample for each in found if isinstance(each.sample, Missing)]
    assert missing == [Missing(bad, Absence.FAILED, "division by zero", NOW, Origin.BACKFILL)]
    assert [each.sample.at for each in found] == instants(100)


async def test_when_nothing_answers_in_time_the_rest_is_not_asked() -> None:
    source = Source(cost_seconds=10, fault=lambda _: too_slow())

    found = await in_chunks(instants(1_000), NOW, PACE, source.ask, source.clock)

    assert source.sizes == [8, 4, 2, 1, 1, 1]
    assert [each.sample.at for each in found] == instants(1_000)
    assert all(isinstance(each.sample, Missing) for each in found)


async def test_an_error_of_the_source_itself_ends_the_asking() -> None:
    source = Source(fault=lambda _: SourceError(Failure.REFUSED, "connection refused"))

    with pytest.raises(SourceError, match="refused"):
        await in_chunks(instants(100), NOW, PACE, source.ask, source.clock)

    assert source.sizes == [8]
