"""Every query of Korean Together's plan, on rows whose answer was worked out by hand."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal

import asyncpg
import numpy as np
import pytest
from koto.database import migrate

from tests.examples.koto_rows import ago, ask, ask_one, call, event, insert
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
async def migrated(postgres_url: str) -> str:
    await migrate(postgres_url)
    return postgres_url


@pytest.fixture
async def rows(migrated: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose rows vanish with the test."""
    connection = await asyncpg.connect(migrated, server_settings={"timezone": "UTC"})
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def test_the_p95_is_interpolated_over_the_half_open_window_and_ignores_unknown_latencies(
    rows: asyncpg.Connection,
):
    # given twenty answers of 100, 200 ... 2000 ms within the window, the last one at its very end
    inside = [event(number, ago(minutes=number), 2100 - 100 * number) for number in range(1, 20)]
    await insert(rows, "session_events", event(20, ago(), 100), *inside)
    # and rows that do not count: at the window's open start, after its end, without latency, of another kind
    await insert(
        rows,
        "session_events",
        event(30, ago(minutes=30), 9000),
        event(31, ago(minutes=-1), 9000),
        event(32, ago(minutes=5), None),
        event(33, ago(minutes=5), 9000, "evaluation"),
    )

    row = await ask_one(rows, "tutor-latency-p95")

    # then position 0.95 * 19 = 18.05 lies 5 % of the way from 1900 to 2000
    assert row == {"value": pytest.approx(1905.0), "n": 20, "newest": ago()}


async def test_the_ai_share_is_a_mean_over_events_of_summed_call_time(rows: asyncpg.Connection):
    await insert(
        rows,
        "session_events",
        event(1, ago(minutes=10), 1000),
        event(2, ago(), 500, "evaluation"),
        event(3, ago(minutes=20), 0),
        event(4, ago(minutes=20), None),
        event(5, ago(minutes=20), 800),
        event(6, ago(hours=1), 100),
    )
    await insert(
        rows,
        "ai_usage_log",
        call(1, 300, ago(minutes=10)),
        call(1, 400, ago(minutes=65), provider_type="tts"),  # logged under a wrong time: the event decides
        call(2, 100, ago()),
        call(2, None, ago(), success=False),
        call(3, 50, ago(minutes=20)),
        call(4, 50, ago(minutes=20)),
        call(6, 100, ago(hours=1)),
    )

    row = await ask_one(rows, "ai-time-share")

    # then 700 / 1000 and 100 / 500; not the zero total, the unknown total, the one without calls, the one too early
    assert row == {"value": pytest.approx(0.45), "n": 2, "newest": ago()}


async def test_the_ai_share_counts_an_event_once_however_many_calls_it_made(rows: asyncpg.Connection):
    await insert(rows, "session_events", event(1, ago(minutes=1), 1000), event(2, ago(minutes=2), 1000))
    await insert(rows, "ai_usage_log", *[call(1, 100, ago(minutes=1))] * 9, call(2, 100, ago(minutes=2)))

    row = await ask_one(rows, "ai-time-share")

    assert (row["value"], row["n"]) == (pytest.approx((0.9 + 0.1) / 2), 2)


async def test_the_timeout_share_is_of_connections_that_ended_within_the_hour(rows: asyncpg.Connection):
    def connection(ended_at: datetime | None, reason: str | None):
        return {"session_id": 1, "connected_at": ago(hours=3), "ended_at": ended_at, "end_reason": reason}

    await insert(
        rows,
        "websocket_sessions",
        connection(ago(), "timeout"),
        connection(ago(minutes=59), "client_close"),
        connection(ago(minutes=30), "network"),
        connection(ago(minutes=30), None),
        connection(ago(hours=1), "timeout"),
        connection(ago(minutes=-1), "timeout"),
        connection(None, None),
    )

    row = await ask_one(rows, "websocket-timeout-share")

    assert row == {"value": 0.25, "n": 4, "newest": ago()}


async def test_without_rows_shares_and_percentiles_are_null_and_never_zero(rows: asyncpg.Connection):
    for signal in ("tutor-latency-p95", "ai-time-share", "websocket-timeout-share", "api-latency-p95"):
        row = await ask_one(rows, signal)
        assert (row["value"], row["n"], row["newest"]) == (None, 0, None), signal
    assert (await ask_one(rows, "ai-cost-per-day"))["value"] is None
    assert await ask(rows, "ai-success-share") == []


async def _learners(rows: asyncpg.Connection, *spans: tuple[datetime, datetime | None]) -> None:
    await insert(rows, "users", {"id": 1, "region": "id"})
    for started_at, ended_at in spans:
        await insert(rows, "learning_sessions", {"user_id": 1, "started_at": started_at, "ended_at": ended_at})


async def test_a_session_is_open_from_its_start_until_just_before_its_end(rows: asyncpg.Connection):
    await _learners(
        rows,
        (ago(), ago(minutes=-5)),  # starts now: open
        (ago(minutes=9), ago()),  # ends now: not open
        (ago(days=3), None),  # end unknown: open
        (ago(minutes=-1), None),  # not yet begun
        (ago(minutes=8), ago(minutes=1)),  # over
    )

    assert await ask_one(rows, "open-sessions") == {"value": 2}


async def test_the_peak_is_looked_at_on_sixty_full_minutes(rows: asyncpg.Connection):
    await _learners(
        rows,
        (ago(minutes=59), ago(minutes=58)),  # seen by the first look alone
        (ago(minutes=59), ago(minutes=58)),
        (ago(minutes=61), ago(minutes=59)),  # ends as the first look looks: not seen
        *[(ago(minutes=30, seconds=-5), ago(minutes=30, seconds=-55))] * 5,  # lived between two looks: not seen
        *[(ago(minutes=60), ago(minutes=59, seconds=30))] * 5,  # before the hour's first look
        *[(ago(seconds=-1), None)] * 5,  # after the last one
        (ago(), None),  # seen by the last look
    )

    assert await ask_one(rows, "peak-sessions") == {"value": 2}


async def test_the_peak_without_any_session_is_zero(rows: asyncpg.Connection):
    assert await ask_one(rows, "peak-sessions") == {"value": 0}


@pytest.mark.parametrize("seed", range(6))
async def test_the_peak_equals_counting_at_every_look(rows: asyncpg.Connection, seed: int):
    # given sessions whose ends fall on full minutes, seconds and microseconds, some of them still open
    rng = np.random.default_rng(seed)
    grid = rng.choice([60_000_000, 1_000_000, 1], 150)
    starts = rng.integers(-7_200_000_000, 600_000_000, 150) // grid * grid
    lengths = rng.integers(0, 3_600_000_000, 150) // grid * grid
    unknown = rng.random(150) < 0.1
    spans = [
        (
            ago(microseconds=-int(start)),
            None if still_open else ago(microseconds=-int(start + length)),
        )
        for start, length, still_open in zip(starts, lengths, unknown, strict=True)
    ]
    await _learners(rows, *spans)

    row = await ask_one(rows, "peak-sessions")

    looks = [ago(minutes=minute) for minute in range(60)]
    assert row["value"] == max(
        sum(start <= look and (end is None or look < end) for start, end in spans) for look in looks
    )


async def test_calls_for_speech_count_over_a_day_when_they_made_a_file(rows: asyncpg.Connection):
    await insert(
        rows,
        "ai_usage_log",
        call(1, 80, ago(), provider_type="tts"),
        call(1, 80, ago(hours=23, minutes=59), provider_type="tts"),
        call(1, 80, ago(hours=24), provider_type="tts"),
        call(1, None, ago(hours=1), provider_type="tts", success=False),
        call(1, 80, ago(hours=1), provider_type="stt"),
    )

    assert await ask_one(rows, "tts-calls-per-day") == {"value": 2, "newest": ago()}


async def test_costs_calls_and_success_are_counted_by_provider(rows: asyncpg.Connection):
    await insert(
        rows,
        "ai_usage_log",
        call(1, 80, ago(minutes=1), estimated_cost_usd=Decimal("0.000123")),
        call(1, 80, ago(minutes=59), estimated_cost_usd=Decimal("12.5"), success=False),
        call(1, 80, ago(hours=2), estimated_cost_usd=Decimal("17.5"), success=False),
        call(1, 80, ago(minutes=3), provider="google"),
        call(1, 80, ago(hours=25), estimated_cost_usd=Decimal(100), provider="naver"),
    )

    assert (await ask_one(rows, "ai-cost-per-day"))["value"] == Decimal("30.000123")
    assert {(row["provider"], row["value"]) for row in await ask(rows, "ai-calls-per-day")} == {
        ("openai", 3),
        ("google", 1),
    }
    assert {(row["provider"], float(row["value"]), row["n"]) for row in await ask(rows, "ai-success-share")} == {
        ("openai", 0.5, 2),
        ("google", 1.0, 1),
    }


async def test_the_api_latency_takes_every_kind_of_turn(rows: asyncpg.Connection):
    kinds = ("tutor_response", "evaluation", "hint", "vocabulary_saved")
    await insert(
        rows, "session_events", *[event(number, ago(minutes=1), 100, kind) for number, kind in enumerate(kinds, 1)]
    )

    assert await ask_one(rows, "api-latency-p95") == {"value": 100.0, "n": 4, "newest": ago(minutes=1)}


async def test_learners_of_a_region_are_distinct_over_thirty_days_and_the_home_region_is_left_out(
    rows: asyncpg.Connection,
):
    await insert(
        rows,
        "users",
        *[{"id": number, "region": region} for number, region in enumerate(("id", "id", "vn", "kr", "id"), 1)],
    )
    for user_id, started_at in (
        (1, ago(days=1)),
        (1, ago(days=2)),
        (2, ago()),
        (3, ago(days=29)),
        (4, ago(days=1)),
        (5, ago(days=30)),
    ):
        await insert(rows, "learning_sessions", {"user_id": user_id, "started_at": started_at})

    answer = {row["region"]: row["value"] for row in await ask(rows, "region-users")}

    assert answer == {"id": 2, "vn": 1}


async def test_a_session_zone_other_than_the_columns_zone_would_empty_the_window(rows: asyncpg.Connection):
    await insert(rows, "session_events", *[event(number, ago(minutes=number), 500) for number in range(1, 30)])

    await rows.execute("SET TIME ZONE 'Asia/Seoul'")

    # then the same rows are gone: this is why the plan's source says `timezone: UTC`
    assert (await ask_one(rows, "tutor-latency-p95"))["n"] == 0


@asynccontextmanager
async def _at_work(url: str, *applications: str) -> AsyncGenerator[None]:
    """One connection per application name, each busy with an analytic query."""
    connections = [await asyncpg.connect(url, server_settings={"application_name": name}) for name in applications]
    pids = [connection.get_server_pid() for connection in connections]
    queries = [
        asyncio.create_task(connection.fetch("SELECT pg_sleep(100), count(*) FROM v_evaluation_stats"))
        for connection in connections
    ]
    watcher = await asyncpg.connect(url)
    try:
        seen = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1) AND state = 'active' AND query LIKE '%sleep%'"
        while await watcher.fetchval(seen, pids) < len(pids):
            await asyncio.sleep(0.005)
        yield
    finally:
        await watcher.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", pids)
        await asyncio.gather(*queries, return_exceptions=True)
        await watcher.close()


async def test_analytic_queries_at_work_are_counted_without_our_own(postgres_server: PostgresServer, migrated: str):
    postgres_server.sql("ALTER ROLE outgrow_reader PASSWORD 'reader'")
    reader = await asyncpg.connect(postgres_server.url(migrated.rpartition("/")[2], "outgrow_reader", "reader"))
    async with _at_work(migrated, "analytics", "", "outgrow", "outgrow: analytic-queries"):
        idle = await asyncpg.connect(migrated)
        await idle.fetch("SELECT count(*) FROM v_evaluation_stats")

        row = await ask_one(reader, "analytic-queries")

        await idle.close()
    await reader.close()
    assert row == {"value": 2}


async def test_analytic_queries_that_cannot_be_seen_are_not_counted_as_none(
    postgres_server: PostgresServer, migrated: str
):
    # given a role without pg_monitor
    url = postgres_server.create_role("koto_stranger", "stranger")
    stranger = await asyncpg.connect(f"{url.rpartition('/')[0]}/{migrated.rpartition('/')[2]}")
    async with _at_work(migrated, "analytics"):
        row = await ask_one(stranger, "analytic-queries")
    await stranger.close()
    postgres_server.sql("DROP ROLE koto_stranger")

    assert row == {"value": None}
