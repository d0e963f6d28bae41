"""Korean Together's schema filled with made-up traffic, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from koto.binary_copy import Decimal as Millionths
from koto.binary_copy import Document, Number, Word, binary_copy
from koto.database import NotEmptyError, fill, migrate
from koto.demand import EPOCH, Scenario
from koto.tables import make_tables

from tests.examples.koto_rows import bound, sql_signals
from tests.servers.postgres import PostgresServer

END = datetime(2026, 11, 20, 3, 17, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
async def filled(postgres_url: str) -> str:
    await migrate(postgres_url)
    await fill(postgres_url, make_tables(Scenario(END, weeks=1)))
    return postgres_url


@pytest.fixture
async def connection(filled: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(filled, server_settings={"timezone": "UTC", "jit": "off"})
    yield connection
    await connection.close()


async def test_at_the_end_the_queries_say_urgent(connection: asyncpg.Connection):
    answers = {name: await connection.fetch(bound(query), END) for name, query in sql_signals().items()}

    assert answers["tutor-latency-p95"][0]["value"] > 800
    assert answers["ai-time-share"][0]["value"] > 0.6
    assert answers["peak-sessions"][0]["value"] >= 50
    assert answers["websocket-timeout-share"][0]["n"] < 300
    assert 700 < max(row["value"] for row in answers["region-users"]) < 1000


@pytest.mark.parametrize("name", sorted(sql_signals()))
async def test_the_past_asked_at_once_equals_the_past_asked_one_by_one(connection: asyncpg.Connection, name: str):
    query = sql_signals()[name]
    instants = [END - timedelta(minutes=97 * number) for number in range(20)]

    instants_row = "unnest($1::timestamptz[]) AS instant (at)"
    at_once = await connection.fetch(
        f"SELECT instant.at, answer.* FROM {instants_row}, LATERAL ({bound(query, 'instant.at')}) AS answer", instants
    )

    one_by_one = [
        (instant, *row.values()) for instant in instants for row in await connection.fetch(bound(query), instant)
    ]
    assert _comparable(tuple(row.values()) for row in at_once) == _comparable(one_by_one)


def _comparable(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Rows in an order of their own; a mean may differ in its last digit, for rows are added up in any order."""
    return sorted(repr([f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row]) for row in rows)


@pytest.mark.parametrize("name", sorted(set(sql_signals()) - {"region-users"}))
async def test_a_question_about_a_past_moment_reads_by_index(connection: asyncpg.Connection, name: str):
    # given a day's worth of instants, as a backtest asks for them
    plan = await connection.fetch(
        "EXPLAIN SELECT * FROM generate_series($1::timestamptz - interval '1 day', $1, '1 minute') AS instant (at),"
        f" LATERAL ({bound(sql_signals()[name], 'instant.at')}) AS answer",
        END,
    )

    assert "Seq Scan" not in "\n".join(line["QUERY PLAN"] for line in plan)


async def test_the_evaluation_view_speaks_of_evaluations_alone(connection: asyncpg.Connection):
    by_view = await connection.fetchrow(
        "SELECT sum(evaluations) AS evaluations, sum(mean_score * scored) / sum(scored) AS mean_score,"
        " sum(pass_rate * scored) / sum(scored) AS pass_rate FROM v_evaluation_stats JOIN ("
        "   SELECT created_at::date AS day, provider, model, primary_error_type, count(score) AS scored"
        "   FROM session_events WHERE event_type = 'evaluation' GROUP BY 1, 2, 3, 4) AS counts"
        " ON (counts.day, counts.provider, counts.model, counts.primary_error_type)"
        "    IS NOT DISTINCT FROM (v_evaluation_stats.day, v_evaluation_stats.provider, v_evaluation_stats.model,"
        "                          v_evaluation_stats.primary_error_type) WHERE scored > 0"
    )
    by_hand = await connection.fetchrow(
        "SELECT avg(score) AS mean_score, avg(passed::int) AS pass_rate FROM session_events"
        " WHERE event_type = 'evaluation'"
    )

    assert by_view is not None
    assert by_hand is not None
    assert by_view["mean_score"] == pytest.approx(by_hand["mean_score"])
    assert by_view["pass_rate"] == pytest.approx(by_hand["pass_rate"])
    assert await connection.fetchval("SELECT sum(evaluations) FROM v_evaluation_stats") == await connection.fetchval(
        "SELECT count(*) FROM session_events WHERE event_type = 'evaluation'"
    )


async def test_the_cost_view_adds_up_to_the_log(connection: asyncpg.Connection):
    columns = "sum(calls), sum(successes), sum(tokens_in), sum(tokens_out), sum(cost_usd)"
    by_view = await connection.fetchrow(f"SELECT {columns} FROM v_daily_ai_costs")
    by_hand = await connection.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE success), sum(tokens_in), sum(tokens_out), sum(estimated_cost_usd)"
        " FROM ai_usage_log"
    )

    assert by_view is not None
    assert by_hand is not None
    assert tuple(by_view.values()) == tuple(by_hand.values())


async def test_every_call_serves_an_event_of_its_own_session(connection: asyncpg.Connection):
    strays = await connection.fetchval(
        "SELECT count(*) FROM ai_usage_log AS call LEFT JOIN session_events AS event ON event.id = call.event_id"
        " WHERE event.session_id IS DISTINCT FROM call.session_id"
    )

    assert strays == 0


async def test_a_full_database_is_refused_and_left_as_it_was(filled: str, connection: asyncpg.Connection):
    before = await connection.fetchval("SELECT count(*) FROM session_events")

    with pytest.raises(NotEmptyError, match="table users has rows already"):
        await fill(filled, make_tables(Scenario(END, weeks=1, scale=0.01)))

    assert await connection.fetchval("SELECT count(*) FROM session_events") == before


async def test_the_application_can_go_on_writing_after_a_fill(connection: asyncpg.Connection):
    async with connection.transaction():
        newest = await connection.fetchval("SELECT max(id) FROM session_events")
        added = await connection.fetchval(
            "INSERT INTO session_events (session_id, event_type) VALUES (1, 'hint') RETURNING id"
        )
        await connection.execute("DELETE FROM session_events WHERE id = $1", added)

    assert added > newest


async def test_the_reader_reads_and_cannot_write(postgres_server: PostgresServer, filled: str):
    postgres_server.sql("ALTER ROLE outgrow_reader PASSWORD 'reader'")
    reader = await asyncpg.connect(postgres_server.url(filled.rpartition("/")[2], "outgrow_reader", "reader"))

    assert await reader.fetchval("SELECT count(*) FROM v_daily_ai_costs") > 0
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await reader.execute("DELETE FROM users")
    await reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("DELETE FROM users")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("CREATE TABLE own (id int)")
    await reader.close()


async def test_two_that_migrate_at_once_do_not_meet(postgres_server: PostgresServer):
    url = postgres_server.create_database()

    applied = await asyncio.gather(migrate(url), migrate(url))

    postgres_server.drop_database(url)
    assert sorted(map(len, applied)) == [0, 6]


async def test_a_score_beyond_100_and_an_end_before_the_start_are_refused(connection: asyncpg.Connection):
    for statement in (
        "INSERT INTO session_events (session_id, event_type, score) VALUES (1, 'evaluation', 101)",
        "INSERT INTO session_events (session_id, event_type, primary_error_type) VALUES (1, 'evaluation', 'spelling')",
        "INSERT INTO ai_usage_log (provider_type, provider, model, success) VALUES ('image', 'x', 'y', true)",
        "INSERT INTO learning_sessions (user_id, started_at, ended_at) VALUES (1, '2026-01-02', '2026-01-01')",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)


WORDS = ("", "grammar", "발음", 'a "quoted" \\ word')
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.booleans(),
        st.none() | st.sampled_from(WORDS),
        st.none() | st.integers(0, 9_999_999_999),
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 (a column without zone)
        st.none() | st.sampled_from([0, 7, 100]),
    ),
    max_size=30,
)


@given(ROWS)
def test_what_is_copied_is_what_is_read_back(binary_copy_url: str, rows: list[tuple[Any, ...]]):
    columns = list(zip(*rows, strict=True)) or [()] * 7

    def null(values: tuple[Any, ...]):
        return np.array([value is None for value in values], bool)

    numbers, small, flags, words, millionths, moments, points = columns
    epoch = EPOCH.replace(tzinfo=None)
    table = [
        Number(np.array(numbers, np.int64), "i8"),
        Number(np.array([value or 0 for value in small], np.int64), "i4", null(small)),
        Number(np.array([bool(value) for value in flags], bool), "i1", null(flags)),
        Word(np.array([-1 if word is None else WORDS.index(word) for word in words], np.int64), WORDS),
        Millionths(np.array([value or 0 for value in millionths], np.int64), null(millionths)),
        Number(np.array([(moment - epoch) // timedelta(microseconds=1) for moment in moments], np.int64), "i8"),
        Document(
            [
                '{"발음": 1',
                Word(np.array([-1 if p is None else p for p in points]), [f', "p": {p}' for p in range(101)]),
                "}",
            ]
        ),
    ]

    read_back = asyncio.run(_copied(binary_copy_url, list(binary_copy(table))))

    assert read_back == [
        (
            *row[:4],
            None if row[4] is None else Decimal(row[4]) / 1_000_000,
            row[5],
            '{"발음": 1}' if row[6] is None else f'{{"p": {row[6]}, "발음": 1}}',
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def binary_copy_url(postgres_server: PostgresServer, filled: str) -> str:
    postgres_server.sql(
        "CREATE TABLE copied (place int GENERATED ALWAYS AS IDENTITY, a bigint, b int, c boolean, d text,"
        " e numeric(12, 6), f timestamp, g jsonb)",
        filled,
    )
    return filled


async def _copied(url: str, stream: list[bytes]) -> list[tuple[Any, ...]]:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in stream:
            yield chunk

    connection = await asyncpg.connect(url)
    try:
        await connection.execute("TRUNCATE copied")
        await connection.copy_to_table("copied", source=chunks(), columns=list("abcdefg"), format="binary")
        return [tuple(row) for row in await connection.fetch("SELECT a, b, c, d, e, f, g FROM copied ORDER BY place")]
    finally:
        await connection.close()
