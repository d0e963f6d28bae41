"""What every actuator promises (`outgrow.ports.Actuator`), tried on every adapter."""

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from outgrow.errors import ActuatorError, Failure
from tests.contracts.actuators import HARNESSES, Exhibit, Harness, names, settled, until

_PARAMETERS = [
    pytest.param(harness, id=harness.kind, marks=[pytest.mark.live] if harness.live else []) for harness in HARNESSES
]


@pytest.fixture(params=_PARAMETERS)
async def exhibit(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Exhibit]:
    harness: Harness = request.param
    async with import_module(harness.module).exhibit(request, tmp_path) as shown:
        yield shown


async def test_what_is_ordered_becomes_ready(exhibit: Exhibit) -> None:
    await exhibit.actuator.scale_to(3)

    assert (await exhibit.actuator.replicas()).ordered == 3
    found = await settled(exhibit.actuator, 3)
    assert len(names(found)) == 3
    for replica in found.each:
        assert replica.ordered_at is not None
        assert replica.ready_at is not None
        assert replica.ordered_at <= replica.ready_at
        assert exhibit.is_there is None or exhibit.is_there(replica.name)


async def test_looking_changes_nothing(exhibit: Exhibit) -> None:
    before = await exhibit.actuator.replicas()

    assert before.ordered == 0
    assert before.each == ()
    assert await exhibit.actuator.replicas() == before


async def test_ordering_what_is_ordered_changes_nothing(exhibit: Exhibit) -> None:
    await exhibit.actuator.scale_to(2)
    before = names(await settled(exhibit.actuator, 2))

    await exhibit.actuator.scale_to(2)

    assert names(await settled(exhibit.actuator, 2)) == before


async def test_fewer_keep_some_of_the_old_ones(exhibit: Exhibit) -> None:
    await exhibit.actuator.scale_to(3)
    before = names(await settled(exhibit.actuator, 3))

    await exhibit.actuator.scale_to(1)

    assert (await exhibit.actuator.replicas()).ordered == 1
    left = names(await settled(exhibit.actuator, 1))
    assert left < before
    for gone in before - left:
        assert exhibit.is_there is None or not exhibit.is_there(gone)


async def test_none_at_all_can_be_ordered(exhibit: Exhibit) -> None:
    await exhibit.actuator.scale_to(1)
    await settled(exhibit.actuator, 1)

    await exhibit.actuator.scale_to(0)

    assert (await settled(exhibit.actuator, 0)).each == ()


async def test_less_than_none_is_refused(exhibit: Exhibit) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        await exhibit.actuator.scale_to(-1)

    assert (await exhibit.actuator.replicas()).ordered == 0


async def test_another_actuator_goes_on_where_this_one_ended(exhibit: Exhibit) -> None:
    if exhibit.reopen is None:
        return
    await exhibit.actuator.scale_to(2)
    before = await settled(exhibit.actuator, 2)

    again = await exhibit.reopen()

    found = await again.replicas()
    assert found.ordered == 2
    assert names(found) == names(before)
    assert [each.ordered_at for each in found.each] == [each.ordered_at for each in before.each]
    assert names(await settled(again, 2)) == names(before)


async def test_a_replica_that_dies_is_replaced(exhibit: Exhibit) -> None:
    if exhibit.kill is None:
        return
    await exhibit.actuator.scale_to(2)
    before = names(await settled(exhibit.actuator, 2))
    victim = min(before)

    await exhibit.kill(victim)

    found = await until(exhibit.actuator, lambda seen: seen.ready == 2 and victim not in names(seen))
    assert len(names(found) & before) == 1
    assert found.ordered == 2


async def test_nobody_there_is_one_clear_failure(exhibit: Exhibit) -> None:
    if exhibit.unreachable is None:
        return
    actuator, failure = exhibit.unreachable

    for call in (actuator.replicas, lambda: actuator.scale_to(2)):
        with pytest.raises(ActuatorError) as raised:
            await call()
        assert raised.value.failure is failure
        assert raised.value.remedy
    await actuator.aclose()


async def test_a_call_that_is_not_answered_ends_within_its_time_limit(exhibit: Exhibit) -> None:
    if exhibit.silent is None:
        return
    with pytest.raises(ActuatorError) as raised:
        await exhibit.silent.replicas()

    assert raised.value.failure is Failure.TIMED_OUT
    await exhibit.silent.aclose()


async def test_closing_twice_is_as_closing_once_and_the_replicas_stay(exhibit: Exhibit) -> None:
    await exhibit.actuator.scale_to(1)
    (name,) = names(await settled(exhibit.actuator, 1))

    await exhibit.actuator.aclose()
    await exhibit.actuator.aclose()

    assert exhibit.is_there is None or exhibit.is_there(name)
