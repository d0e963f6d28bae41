"""Proofs, spans of load and capacities come back from every journal; what an earlier outgrow wrote is read."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outgrow.control.load_test import span_of
from outgrow.decide.phase_proofs import baseline_standing, newest_proof
from outgrow.facts.capacities import Capacity, capacities_in, capacity_event
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.proofs import (
    Proof,
    ProofVerdict,
    Revision,
    ScenarioProof,
    TargetVersion,
    ThresholdResult,
    ThresholdVerdict,
)
from outgrow.ports import Journal
from outgrow.report.documents import read
from tests.contracts.journals import Shelf, memory_shelf, postgres_shelf, sqlite_shelf, without_journal
from tests.decide.given_loads import run_of, seconds_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORDED = Path(__file__).parents[1] / "journal" / "recorded"

_distinct = count()
_on_the_same_journal = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    match request.param:
        case "memory":
            made = memory_shelf()
        case "sqlite":
            made = sqlite_shelf(tmp_path)
        case _:
            url = request.getfixturevalue("postgres_url")
            await without_journal(url)
            made = postgres_shelf(url)
    yield made
    await made.aclose()


@pytest.fixture
async def journal(shelf: Shelf) -> Journal:
    return await shelf.open()


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 (hypothesis puts the zone on)
    datetime(2199, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_results = st.builds(
    ThresholdResult,
    text=_texts,
    value=st.none() | _numbers,
    operator=st.sampled_from(["<", ">="]),
    limit=_numbers,
    unit=st.sampled_from(["s", "ratio", "rps"]),
    verdict=st.sampled_from(ThresholdVerdict),
    window_seconds=st.none() | _numbers,
    first_failed_seconds=st.none() | _numbers,
    aborted=st.booleans(),
    why=_texts,
)
_several = st.lists(_results, max_size=3).map(tuple)
_versions = st.builds(TargetVersion, _texts, _texts)
_runs = st.builds(
    ScenarioProof,
    scenario=_texts,
    target=_texts,
    arrivals=st.integers(0, 2**40),
    failed=st.integers(0, 2**40),
    p95_seconds=st.none() | _numbers,
    thresholds=_several,
    goals=_several,
    too_weak=st.lists(_texts, max_size=2).map(tuple),
    interrupted=st.booleans(),
    started_at=st.none() | _moments,
    seconds=_numbers,
    version=_versions,
)
_proofs = st.builds(
    Proof,
    phase=_texts,
    verdict=st.sampled_from(ProofVerdict),
    plan_hash=_texts,
    goals=_several,
    scenarios=st.lists(_runs, max_size=2).map(tuple),
    outgrow=_texts,
    machine=_texts,
    scale=_numbers,
    policy_hash=_texts,
    plan_revision=st.builds(Revision, _texts, st.booleans(), _texts),
)


@given(proof=_proofs)
@_on_the_same_journal
async def test_a_proof_comes_back_exactly(journal: Journal, proof: Proof) -> None:
    phase, end = f"phase-{next(_distinct)}", NOON + timedelta(minutes=5)

    await journal.append_event(Event(EventKind.PROOF, NOON, end, end, phase, proof.document()))

    found = newest_proof(await journal.events(kinds=[EventKind.PROOF]), phase)
    assert found is not None
    assert read(Proof, found.detail) == proof


async def test_the_newest_proof_of_a_phase_is_the_one_that_began_last(journal: Journal) -> None:
    for hours, verdict in ((2, "proven"), (5, "not proven"), (1, "generator too weak")):
        at = NOON + timedelta(hours=hours)
        await journal.append_event(Event(EventKind.PROOF, at, at, at, "v2", {"verdict": verdict}))

    found = newest_proof(await journal.events(kinds=[EventKind.PROOF, EventKind.DEPLOYMENT]), "v2")

    assert found is not None
    assert found.detail["verdict"] == "not proven"


async def test_the_span_of_a_load_test_comes_back_exactly(journal: Journal) -> None:
    facts = replace(run_of(seconds_of([0.1, 0.2], [0.3])), started_at=NOON)
    span = span_of(facts, NOON + timedelta(minutes=1))

    await journal.append_event(span)

    assert await journal.events(kinds=[EventKind.LOAD_TEST]) == [span]


@given(
    rate=st.floats(0.001, 1e6),
    broken=st.none() | st.floats(0.001, 1e6),
    instances=st.integers(1, 1000),
    texts=st.tuples(_texts, _texts),
    confirmed=st.booleans(),
)
@_on_the_same_journal
async def test_a_capacity_comes_back_exactly(
    journal: Journal, rate: float, broken: float | None, instances: int, texts: tuple[str, str], confirmed: bool
) -> None:
    kept = Capacity(f"service-{next(_distinct)}", NOON, rate, broken, instances, *texts, confirmed)

    await journal.append_event(capacity_event(kept, NOON))

    found = capacities_in(await journal.events(kinds=[EventKind.CAPACITY]))
    assert [each for each in found if each.subject == kept.subject] == [kept]


# --- written by an earlier outgrow


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def old(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    """Give a journal that outgrow wrote at commit de875a1: proofs, loads, a capacity, a decision, samples."""
    text = (RECORDED / f"de875a1.{request.param}.sql").read_text(encoding="utf-8")
    if request.param == "sqlite":
        connection = sqlite3.connect(tmp_path / "j.sqlite")
        connection.executescript(text)
        connection.close()
        made = sqlite_shelf(tmp_path)
    else:
        url = request.getfixturevalue("postgres_url")
        await without_journal(url)
        server = await asyncpg.connect(url)
        await server.execute(text)
        await server.close()
        made = postgres_shelf(url)
    yield await made.open()
    await made.aclose()


async def test_proofs_loads_and_capacities_of_an_earlier_outgrow_are_read(old: Journal) -> None:
    events = await old.events()

    newest = newest_proof(events, "v2")
    assert newest is not None
    proof = read(Proof, newest.detail)
    (run,) = proof.scenarios
    assert (proof.verdict, proof.phase, run.arrivals, run.failed) == (ProofVerdict.PROVEN, "v2", 60, 0)
    assert [(goal.text, goal.verdict) for goal in proof.goals] == [("rps >= 15", "passed"), ("p95 < 5 s", "passed")]
    assert (proof.policy_hash, proof.plan_revision, run.version, run.started_at) == (
        "",
        Revision(),
        TargetVersion(),
        None,
    )
    assert baseline_standing(events).state in {"recorded", "generator too weak"}  # as the machine was then
    (capacity,) = capacities_in(events)
    assert (capacity.subject, capacity.per_instance, capacity.confirmed) == ("peak", 30.0, True)
    assert all(each.subject == "peak" for each in events if each.kind is EventKind.LOAD_TEST)
    assert len(await old.decisions()) == 1


async def test_a_journal_of_an_earlier_outgrow_takes_proofs_of_this_one(old: Journal) -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    proof = Proof("v2", ProofVerdict.NOT_PROVEN, "h", (), (), "later", "a machine", policy_hash="p")

    await old.append_event(Event(EventKind.PROOF, at, at, at, "v2", proof.document()))

    found = newest_proof(await old.events(), "v2")
    assert found is not None
    assert read(Proof, found.detail) == proof
