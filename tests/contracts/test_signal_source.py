"""What every source of signals promises (`outgrow.ports.SignalSource`), tried on every adapter."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Observation, Origin, Sample
from tests.contracts.signal_sources import HARNESSES, Exhibit, Harness

_PARAMETERS = [
    pytest.param(harness, id=harness.kind, marks=[pytest.mark.live] if harness.live else []) for harness in HARNESSES
]


@pytest.fixture(params=_PARAMETERS)
async def exhibit(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Exhibit]:
    harness: Harness = request.param
    async with import_module(harness.module).exhibit(request, tmp_path) as shown:
        yield shown


def _now() -> datetime:
    return datetime.now(UTC)


def _value(sample: Sample) -> float | Absence:
    match sample:
        case Measured():
            return sample.value
        case Missing():
            return sample.absence


def _same(found: Mapping[Any, float | Absence], wanted: Mapping[Any, float | Absence]) -> None:
    assert list(found) == list(wanted)
    for key, value in wanted.items():
        assert found[key] == (value if isinstance(value, Absence) else pytest.approx(value))


async def test_a_known_value_is_read_at_a_moment_with_a_zone(exhibit: Exhibit) -> None:
    now = _now()

    (observation,) = await exhibit.source.observe(exhibit.known, now)

    sample = observation.sample
    assert isinstance(sample, Measured)
    assert exhibit.value is None or sample.value == pytest.approx(exhibit.value)
    assert observation.labels == ()
    assert sample.at.tzinfo is not None
    assert abs(sample.at + exhibit.known.delay - now) < timedelta(seconds=10)
    assert sample.observed_at == now
    assert sample.origin is Origin.LIVE


async def test_reads_at_the_same_time_do_not_disturb_one_another(exhibit: Exhibit) -> None:
    now = _now()

    answers = await asyncio.gather(*(exhibit.source.observe(exhibit.known, now) for _ in range(10)))

    for (observation,) in answers:
        assert isinstance(observation.sample, Measured)
        assert exhibit.value is None or observation.sample.value == pytest.approx(exhibit.value)


async def test_with_by_every_label_set_is_a_series(exhibit: Exhibit) -> None:
    if exhibit.labelled is None:
        return
    signal, wanted = exhibit.labelled

    observations = await exhibit.source.observe(signal, _now())

    assert {each.labels: _value(each.sample) for each in observations} == pytest.approx(dict(wanted))


async def test_what_has_no_value_is_missing_with_a_reason_and_no_error(exhibit: Exhibit) -> None:
    if exhibit.absent is None:
        return
    signal, absence = exhibit.absent
    now = _now()

    (observation,) = await exhibit.source.observe(signal, now)

    sample = observation.sample
    assert isinstance(sample, Missing)
    assert sample.absence is absence
    assert sample.detail
    assert sample.observed_at == now


async def test_what_does_not_exist_is_told_with_a_remedy_and_spoils_nothing(exhibit: Exhibit) -> None:
    if exhibit.broken is None:
        return
    signal, failure = exhibit.broken

    with pytest.raises(SourceError) as raised:
        await exhibit.source.observe(signal, _now())

    assert raised.value.failure is failure
    assert raised.value.what
    assert raised.value.remedy
    assert isinstance((await exhibit.source.observe(exhibit.known, _now()))[0].sample, Measured)


async def test_the_past_is_told_instant_by_instant(exhibit: Exhibit) -> None:
    if exhibit.past is None:
        return
    signal, wanted = exhibit.past
    now = _now()
    assert exhibit.source.answers_past(signal) == ""

    observations = await exhibit.source.past(signal, sorted(wanted), now)

    _same({each.sample.at: _value(each.sample) for each in observations}, dict(sorted(wanted.items())))
    assert {each.sample.origin for each in observations} == {Origin.BACKFILL}
    assert {each.sample.observed_at for each in observations} == {now}


async def test_no_instants_are_no_observations(exhibit: Exhibit) -> None:
    if exhibit.past is None:
        return

    assert list[Observation](await exhibit.source.past(exhibit.past[0], [], _now())) == []


async def test_a_past_that_cannot_be_asked_for_says_why(exhibit: Exhibit) -> None:
    if exhibit.only_present is None:
        return
    now = _now()

    assert exhibit.source.answers_past(exhibit.only_present)
    with pytest.raises(SourceError) as raised:
        await exhibit.source.past(exhibit.only_present, [now - timedelta(hours=1)], now)

    assert raised.value.failure is Failure.NOT_CONFIGURED


async def test_a_source_says_what_it_is(exhibit: Exhibit) -> None:
    inspection = await exhibit.source.inspect()

    assert inspection.version
    assert inspection.clock_skew is None or abs(inspection.clock_skew) < timedelta(seconds=10)
    assert not exhibit.secret or exhibit.secret not in " ".join(inspection.warnings)


async def test_nobody_there_is_one_clear_failure(exhibit: Exhibit) -> None:
    if exhibit.unreachable is None:
        return
    try:
        for ask in (lambda source: source.observe(exhibit.known, _now()), lambda source: source.inspect()):
            with pytest.raises(SourceError) as raised:
                await ask(exhibit.unreachable)

            assert raised.value.failure is exhibit.unreachable_failure
            assert raised.value.remedy
            assert not exhibit.secret or exhibit.secret not in str(raised.value)
    finally:
        await exhibit.unreachable.aclose()


async def test_a_peer_that_never_answers_is_given_up(exhibit: Exhibit) -> None:
    if exhibit.hanging is None:
        return
    try:
        async with asyncio.timeout(5):
            with pytest.raises(SourceError) as raised:
                await exhibit.hanging.observe(exhibit.known, _now())

        assert raised.value.failure is Failure.TIMED_OUT
        assert raised.value.remedy
        assert not exhibit.secret or exhibit.secret not in str(raised.value)
    finally:
        await exhibit.hanging.aclose()


async def test_a_cancelled_read_leaves_the_source_usable(exhibit: Exhibit) -> None:
    for yields in range(6):
        reading = asyncio.ensure_future(exhibit.source.observe(exhibit.known, _now()))
        for _ in range(yields):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    (observation,) = await exhibit.source.observe(exhibit.known, _now())

    assert isinstance(observation.sample, Measured)


async def test_closing_twice_is_fine(exhibit: Exhibit) -> None:
    await exhibit.source.observe(exhibit.known, _now())

    await exhibit.source.aclose()
    await exhibit.source.aclose()
