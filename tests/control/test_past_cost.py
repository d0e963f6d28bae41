"""The cost of a signal's past is estimated from a little of it, whatever a single call costs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.control.past_cost import past_cost, spread
from outgrow.facts.samples import Measured, Observation, Origin
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqlQuery
from outgrow.ports import Inspection

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SIGNAL = QuerySignal(source="db", read=SqlQuery(query="SELECT 1"))


class Source:
    """A source with a clock of its own: connecting, each call, and each instant take their time."""

    def __init__(self, connect_seconds: float, call_seconds: float, instant_seconds: float) -> None:
        self.connect_seconds = connect_seconds
        self.call_seconds = call_seconds
        self.instant_seconds = instant_seconds
        self.seconds = 0.0

    def clock(self) -> float:
        return self.seconds

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        self.seconds += self.connect_seconds + self.call_seconds + self.instant_seconds * len(instants)
        self.connect_seconds = 0.0
        return [Observation((), Measured(at, 1.0, now, origin=Origin.BACKFILL)) for at in instants]

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        return await self.past(signal, [now], now)

    def answers_past(self, signal: QuerySignal) -> str:
        return ""

    async def inspect(self) -> Inspection:
        return Inspection("1")

    async def aclose(self) -> None:
        pass


def instants(count: int) -> list[datetime]:
    return [BEGIN + timedelta(minutes=i) for i in range(count)]


@pytest.mark.parametrize("instant_seconds", [0.0001, 0.001, 0.03, 0.5, 5.0])
async def test_the_estimate_is_near_the_truth_for_cheap_and_dear_queries(instant_seconds: float) -> None:
    source = Source(connect_seconds=0.1, call_seconds=0.003, instant_seconds=instant_seconds)

    estimate = await past_cost(source, SIGNAL, instants(43_200), NOW, source.clock)

    assert estimate.total_seconds() == pytest.approx(43_200 * instant_seconds, rel=0.15)


async def test_the_estimate_itself_costs_little() -> None:
    for instant_seconds in (0.0001, 0.002, 0.06, 0.9):
        source = Source(0.1, 0.003, instant_seconds)

        await past_cost(source, SIGNAL, instants(43_200), NOW, source.clock)

        assert source.seconds < 5


async def test_no_instants_cost_nothing() -> None:
    source = Source(1, 1, 1)

    assert await past_cost(source, SIGNAL, [], NOW, source.clock) == timedelta(0)
    assert source.seconds == 0


@given(st.integers(1, 400), st.integers(1, 300))
def test_chosen_instants_are_spread_over_the_span_in_order(count: int, wanted: int) -> None:
    every = instants(count)

    chosen = spread(every, wanted)

    assert len(chosen) == min(count, wanted)
    assert list(chosen) == sorted(set(chosen))
    gaps = [later - earlier for earlier, later in pairwise(chosen)]
    assert not gaps or max(gaps) - min(gaps) <= timedelta(minutes=1)
