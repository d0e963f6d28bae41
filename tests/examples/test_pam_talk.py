"""Both forms of the market answer alike; phase 1 remembers for PT-4's times, uses its indexes, predicts beside."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from pamtalk import after_phase_1, sqlite_file
from pamtalk.after_phase_1 import AfterPhase1
from pamtalk.as_it_is import AsItIs
from pamtalk.cache import Kind, MemoryCache, RedisCache
from pamtalk.demand import predicted
from pamtalk.made_up import COLUMNS, PASSWORD, Size, tables
from pamtalk.market import DAY, MONTH_SECONDS, MONTHS_SHOWN, Market
from pamtalk.move import MoveError, move
from pamtalk.web import application

from tests.servers.fixtures import StartRedis
from tests.servers.postgres import PostgresServer

NOW = 1_790_000_000
SIZE = Size(end=NOW, users=300, farms=400, transactions=3_000)
FARM = {
    "name": "Hallasan", "crop": "mandarin", "latitude": 33.41, "longitude": 126.52, "stock_kg": 10, "won_per_kg": 4_000,
    "water_litres_per_kg": 1, "co2_grams_per_kg": 1,
}  # fmt: skip


class Clock:
    """Shows the time that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("market") / "market.sqlite"
    sqlite_file.write(path, tables(SIZE))
    return path


@pytest.fixture(scope="module")
def database_url(postgres_url: str, file: Path) -> str:
    asyncio.run(move(file, postgres_url))
    return postgres_url


@pytest.fixture
async def today(file: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Market]:
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(file.read_bytes())
    market = AsItIs(copy, clock)
    yield market
    await market.close()


@pytest.fixture
async def later(database_url: str, clock: Clock) -> AsyncIterator[AfterPhase1]:
    """The form after phase 1; what a test writes is undone at its end."""
    market = await AfterPhase1.open(database_url, MemoryCache(clock), clock)
    yield market
    await market.close()
    connection = await asyncpg.connect(database_url)
    await connection.execute("DELETE FROM transactions WHERE id >= $1", SIZE.transactions)
    await connection.execute("DELETE FROM farms WHERE id >= $1", SIZE.farms)
    await connection.execute("UPDATE farms SET stock_kg = 1000000")
    await connection.close()


def client(market: Market, user: int | None = 7) -> httpx2.AsyncClient:
    async def never() -> Market:
        raise AssertionError

    app = application(never)
    app.state.market = market
    cookies = {} if user is None else {"session": f"demo-{user}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://market", cookies=cookies)


async def answered(market: Market, method: str, path: str, body: Any = None, user: int | None = 7) -> tuple[int, Any]:
    async with client(market, user) as asking:
        answer = await asking.request(method, path, content=None if body is None else json.dumps(body))
        while answer.status_code == 202:
            await asyncio.sleep(0.05)
            answer = await asking.request(method, path)
        return answer.status_code, answer.json()


READS = ["/users/me", "/dashboard", "/farms", "/farms?latitude=33.4&longitude=126.5", "/farms?latitude=60&longitude=0"]


@pytest.mark.parametrize("user", [0, 7, 123])
async def test_both_forms_answer_alike_to_who_reads(today: Market, later: Market, user: int):
    paths = [*READS, *(f"/farms/{user + each}/esg" for each in range(0, 160, 20))]
    for path in paths:
        first = await answered(today, "GET", path, user=user)
        assert first == await answered(later, "GET", path, user=user), path
        assert first[0] == 200


async def test_both_forms_predict_the_same(today: Market, later: Market):
    first = await answered(today, "GET", "/farms/3/prediction")

    assert first == await answered(later, "GET", "/farms/3/prediction")
    assert first[0] == 200
    assert len(first[1]["kg"]) == 14


async def test_both_forms_answer_alike_to_who_writes(today: Market, later: Market):
    new_farm, all_of_it = SIZE.farms, {"farm_id": SIZE.farms, "kg": 10}
    for method, path, body in [
        ("POST", "/farms", FARM),
        ("POST", "/transactions", {"farm_id": 5, "kg": 3}),
        ("POST", "/transactions", all_of_it),
        ("POST", "/transactions", all_of_it),  # nothing is left of it
        ("GET", "/dashboard", None),
        ("GET", "/farms?latitude=33.41&longitude=126.52", None),
        ("GET", f"/farms/{new_farm}/esg", None),
    ]:
        first = await answered(today, method, path, body)
        assert first == await answered(later, method, path, body), path


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/farms/999999/esg", None, 404),
        ("GET", "/farms/999999/prediction", None, 404),
        ("POST", "/transactions", {"farm_id": 999_999, "kg": 1}, 404),
        ("POST", "/transactions", {"farm_id": 5, "kg": 0}, 422),
        ("POST", "/transactions", {"farm_id": 5, "kg": 1, "gift": True}, 422),
        ("POST", "/farms", {"name": "half a farm"}, 422),
        ("POST", "/sessions", {"user_id": 7, "password": "guessed"}, 401),
        ("GET", "/farms?latitude=north", None, 422),
        ("POST", "/farms", "x" * 100_000, 413),
    ],
)
async def test_both_forms_refuse_alike(
    today: Market, later: Market, method: str, path: str, body: Any, status: int
):  # fmt: skip
    first = await answered(today, method, path, body)

    assert first == await answered(later, method, path, body)
    assert first[0] == status


async def test_who_joins_can_sign_in_and_a_session_ends(today: Market, later: Market, clock: Clock):
    new = {"name": "Kim", "password": "long enough", "region": "jeju", "latitude": 33.4, "longitude": 126.5}
    for market in (today, later):
        await _joins_signs_in_and_is_forgotten(market, new, clock)
        clock.now = NOW


async def _joins_signs_in_and_is_forgotten(market: Market, new: dict[str, Any], clock: Clock) -> None:
    async with client(market, None) as asking:
        assert (await asking.get("/users/me")).status_code == 401
        joined = (await asking.post("/users", json=new)).json()
        signed_in = await asking.post("/sessions", json={"user_id": joined["id"], "password": "long enough"})
        assert signed_in.status_code == 201

        me = await asking.get("/users/me")  # by the cookie that was set
        clock.now = signed_in.json()["expires_at"]

        assert me.json() == {"id": joined["id"], "name": "Kim", "region": "jeju"}
        assert (await asking.get("/users/me")).status_code == 401


async def test_made_up_users_can_sign_in(today: Market):
    status, opened = await answered(today, "POST", "/sessions", {"user_id": 11, "password": PASSWORD})

    assert status == 201
    assert opened["token"]


async def test_a_farm_list_is_as_old_as_its_time_to_live_allows(later: AfterPhase1, clock: Clock):
    path = "/farms?latitude=33.41&longitude=126.52"
    _, before = await answered(later, "GET", path)
    await answered(later, "POST", "/farms", FARM)

    clock.now = NOW + Kind.FARM_LIST.value - 1
    assert (await answered(later, "GET", path))[1] == before
    clock.now = NOW + Kind.FARM_LIST.value
    assert (await answered(later, "GET", path))[1]["found"] == before["found"] + 1


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(Kind.FARM_LIST, 300), (Kind.PREDICTION, 3_600), (Kind.DASHBOARD, 60), (Kind.SESSION, 1_800)],
)
async def test_each_kind_is_remembered_for_its_time(
    kind: Kind, seconds: int, clock: Clock, start_redis: StartRedis
):  # fmt: skip
    # given
    in_memory, server = MemoryCache(clock), start_redis()
    in_redis = RedisCache(server.url)

    # when
    for cache in (in_memory, in_redis):
        await cache.put(kind, "one", {"kept": True})
    clock.now += seconds - 1
    nearly = await in_memory.get(kind, "one")
    clock.now += 1

    # then
    assert nearly == {"kept": True}
    assert await in_memory.get(kind, "one") is None
    assert await in_redis.get(kind, "one") == {"kept": True}
    with server.client() as asking:
        assert seconds * 1000 - 60_000 < int(asking.pttl(kind.key("one"))) <= seconds * 1000  # type: ignore[arg-type]
    await in_redis.close()


async def test_a_name_is_claimed_once(clock: Clock, start_redis: StartRedis):
    in_redis = RedisCache(start_redis().url)
    for cache in (MemoryCache(clock), in_redis):
        claims = [await cache.claim(Kind.WORKING, "rice") for _ in range(3)]
        await cache.forget(Kind.WORKING, "rice")

        assert [*claims, await cache.claim(Kind.WORKING, "rice")] == [True, False, False, True]
    await in_redis.close()


async def test_a_full_memory_forgets_the_oldest(clock: Clock):
    cache = MemoryCache(clock, most=2)
    for name in ("a", "b", "c"):
        await cache.put(Kind.DASHBOARD, name, name)

    assert [await cache.get(Kind.DASHBOARD, name) for name in ("a", "b", "c")] == [None, "b", "c"]


async def test_a_prediction_is_worked_out_once_beside_the_requests(later: AfterPhase1):
    async with client(later) as asking:
        first = await asking.get("/farms/3/prediction")
        others = await asyncio.gather(*(asking.get("/farms/3/prediction") for _ in range(20)))

    assert first.status_code == 202
    assert first.headers["retry-after"] == "1"
    assert {each.status_code for each in others} <= {200, 202}
    assert (await answered(later, "GET", "/farms/3/prediction"))[0] == 200


def test_a_prediction_sees_the_week():
    days = range(NOW // DAY - 365, NOW // DAY)
    sold = {day: 500 if day % 7 == 3 else 100 for day in days}

    answer = predicted("rice", sold, NOW)

    assert [round(kg, -1) for kg in answer["kg"]] == [
        500 if (answer["from_day"] + step) % 7 == 3 else 100 for step in range(14)
    ]


PLACE, HALF_A_DEGREE = (126.9, 37.4), 0.5
CORNERS = [each + off for off in (-HALF_A_DEGREE / 2, HALF_A_DEGREE / 2) for each in PLACE]


@pytest.mark.parametrize(
    ("question", "arguments", "index"),
    [
        (after_phase_1.NEAR, CORNERS, "farms_location"),
        (after_phase_1.SOLD_BY_DAY, ["pear", NOW - 30 * DAY, NOW], "transactions_crop"),
        (after_phase_1.TURNOVER, ["jeju", NOW, MONTH_SECONDS, MONTHS_SHOWN], "transactions_region"),
        (after_phase_1.LATEST, ["jeju", NOW - 360 * DAY, 10], "using transactions_"),
        (after_phase_1.SCORED, [3, NOW - 180 * DAY], "farms_crop"),
        (after_phase_1.SCORED, [3, NOW - 180 * DAY], "transactions_farm"),
        (after_phase_1.SESSION, ["00"], "sessions_token"),
        ("SELECT count(*) FROM transactions WHERE created_at > $1", [NOW - DAY], "transactions_time"),
    ],
)
async def test_questions_are_answered_out_of_indexes(
    database_url: str, question: str, arguments: list[Any], index: str
):  # fmt: skip
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(f"EXPLAIN {question}", *arguments)
    finally:
        await connection.close()

    shown = "\n".join(row[0] for row in rows)
    assert index in shown, shown


async def test_every_row_is_moved_and_a_full_database_is_refused(file: Path, postgres_server: PostgresServer):
    database_url = postgres_server.create_database()
    await move(file, database_url)
    connection = await asyncpg.connect(database_url)
    for table, columns in COLUMNS.items():
        kept = sqlite_file.read(file, table)
        moved = await connection.fetch(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id LIMIT $1", len(kept))
        assert [tuple(row) for row in moved] == kept
    await connection.close()

    with pytest.raises(MoveError, match="give an empty one"):
        await move(file, database_url)
    postgres_server.drop_database(database_url)


def test_the_same_seed_makes_the_same_market():
    small = Size(end=NOW, users=50, farms=60, transactions=200)

    first, second = ({table: list(rows) for table, rows in tables(small)} for _ in range(2))

    assert first == second
    assert {table: len(rows) for table, rows in first.items()} == {
        "users": 50, "sessions": 50, "farms": 60, "transactions": 200,
    }  # fmt: skip
    assert all(NOW - 401 * DAY < row[-1] <= NOW for row in first["transactions"])
