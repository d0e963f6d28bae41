"""A PgBouncer in transaction mode between outgrow and PostgreSQL: each transaction may land on another connection."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Measured
from outgrow.observe.postgres import PostgresSignals
from outgrow.plan.sources import PostgresSource
from outgrow.quantity import Duration
from tests.journal.pgbouncer import PgBouncer, start_pgbouncer
from tests.observe.harness_postgres import MEAN, fill
from tests.observe.sql_content import past_means, signal
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerUnavailable


@pytest.fixture(scope="module")
def pooler(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    try:
        started = start_pgbouncer(postgres_server)
    except ServerUnavailable as why:
        pytest.skip(str(why))
    yield started
    started.stop()


@pytest.fixture
async def pooled(pooler: PgBouncer, postgres_url: str) -> AsyncIterator[PostgresSignals]:
    source = through(pooler, postgres_url.rpartition("/")[2])
    yield source
    await source.aclose()


def through(pooler: PgBouncer, database: str) -> PostgresSignals:
    options = PostgresSource(
        kind="postgres",
        url=pooler.url(database),
        pgbouncer=True,
        pool_size=8,
        timezone="Asia/Seoul",
        timeout=Duration.parse("1s"),
    )
    return PostgresSignals(options, {}, Path())


async def test_reads_and_the_past_go_through_a_pooler_side_by_side(pooled: PostgresSignals, postgres_url: str) -> None:
    # given more of our connections than the pooler has of the server's
    now = datetime.now(UTC)
    await fill(postgres_url, now)
    wanted = dict(sorted(past_means(now).items()))

    # when many reads and pasts run at once
    reads = [pooled.observe(signal(MEAN + f"-- {i}"), now) for i in range(30)]
    pasts = [pooled.past(signal(MEAN), list(wanted), now) for _ in range(5)]
    found = await asyncio.gather(*reads, *pasts)

    # then every one has its answer
    for (observation,) in found[:30]:
        assert isinstance(observation.sample, Measured)
    for past in found[30:]:
        assert [each.sample.at for each in past] == list(wanted)
        values = [each.sample.value for each in past if isinstance(each.sample, Measured)]
        assert values == pytest.approx([value for value in wanted.values() if isinstance(value, float)])


async def test_zone_and_limits_travel_with_each_transaction(pooled: PostgresSignals) -> None:
    query = "SELECT extract(timezone FROM :now) AS value"

    answers = await asyncio.gather(*(pooled.observe(signal(query), datetime.now(UTC)) for _ in range(12)))
    with pytest.raises(SourceError, match="ran longer than 1s") as raised:
        await pooled.observe(signal("SELECT 1 AS value FROM pg_sleep(20)"), datetime.now(UTC))

    assert {each.sample.value for (each,) in answers if isinstance(each.sample, Measured)} == {9 * 3600.0}
    assert raised.value.failure is Failure.TIMED_OUT


async def test_a_pooler_without_its_database_is_told(pooler: PgBouncer) -> None:
    source = through(pooler, "nowhere")

    with pytest.raises(SourceError) as raised:
        await source.observe(signal("SELECT 1 AS value"), datetime.now(UTC))

    assert raised.value.failure is Failure.NO_SUCH_THING
    assert 'database "nowhere" does not exist' in str(raised.value)
    await source.aclose()
