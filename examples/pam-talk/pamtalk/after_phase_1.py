"""The market after phase 1: the same answers out of PostgreSQL with indexes and a pool, a cache, and a second process.

Nothing waits for anything else: a request awaits its rows while others are answered, sums are the database's work, and
a prediction is answered with 202 until it is there. Several of these processes serve one address.
"""

import asyncio
from collections.abc import Callable, Mapping

import asyncpg

from pamtalk.background import Predictions
from pamtalk.cache import Cache, Kind, remembered
from pamtalk.demand import first_day
from pamtalk.market import (
    DAY,
    ESG_DAYS,
    LATEST_SHOWN,
    MONTH_SECONDS,
    MONTHS_SHOWN,
    NEAR_KM,
    SESSION_SECONDS,
    SIGN_IN,
    Answer,
    Credentials,
    NearFarm,
    NewFarm,
    NewTransaction,
    NewUser,
    Place,
    Refused,
    User,
    dashboard_answer,
    esg_answer,
    nearest,
)
from pamtalk.secrets_kept import new_token, password_fits, password_hash, token_hash

POOL_CONNECTIONS = 8
KM_PER_DEGREE = 110.0  # of latitude, rounded down: the box must not be smaller than the circle
DEGREES_EAST_PER_NORTH = 1.6  # enough up to 51 degrees north; Korea ends at 39

SESSION = """
SELECT users.id, users.name, users.region, users.latitude, users.longitude, sessions.expires_at
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.token_hash = $1
"""
NEAR = """
SELECT id, name, crop, latitude, longitude, stock_kg, won_per_kg FROM farms
WHERE point(longitude, latitude) <@ box(point($1, $2), point($3, $4))
"""
TURNOVER = """
SELECT ($2 - created_at) / $3 AS month, crop, sum(won)::bigint AS won
FROM transactions WHERE region = $1 AND created_at > $2 - $3 * $4
GROUP BY month, crop
"""
LATEST = """
SELECT farms.name AS farm, latest.crop, latest.kg, latest.won
FROM (
    SELECT * FROM transactions WHERE region = $1 AND created_at > $2 ORDER BY created_at DESC, id DESC LIMIT $3
) AS latest JOIN farms ON farms.id = latest.farm_id
ORDER BY latest.created_at DESC, latest.id DESC
"""
SOLD_BY_DAY = """
SELECT created_at / 86400 AS day, sum(kg)::bigint AS kg FROM transactions
WHERE crop = $1 AND created_at >= $2 AND created_at < $3
GROUP BY day
"""
SCORED = """
SELECT avg((other.water_litres_per_kg > farm.water_litres_per_kg)::int)::float8 AS thirstier,
       avg((other.co2_grams_per_kg > farm.co2_grams_per_kg)::int)::float8 AS dirtier,
       (
           SELECT coalesce(sum(sale.kg) FILTER (WHERE users.region = farm.region), 0)::float8 / sum(sale.kg)
           FROM transactions AS sale JOIN users ON users.id = sale.buyer_id
           WHERE sale.farm_id = farm.id AND sale.created_at > $2
       ) AS local
FROM farms AS farm JOIN farms AS other ON other.crop = farm.crop
WHERE farm.id = $1
GROUP BY farm.id
"""


class AfterPhase1:
    """The API over a pool of connections to PostgreSQL, a cache and predictions in the background."""

    def __init__(self, pool: asyncpg.Pool, cache: Cache, clock: Callable[[], int]) -> None:
        self._pool = pool
        self._cache = cache
        self._clock = clock
        self._predictions = Predictions(cache, self._sold_by_day, clock)

    @classmethod
    async def open(cls, url: str, cache: Cache, clock: Callable[[], int]) -> "AfterPhase1":
        """Connect to the database."""
        pool = await asyncpg.create_pool(url, min_size=2, max_size=POOL_CONNECTIONS)
        return cls(pool, cache, clock)

    async def user_of(self, token: str) -> User:
        """Give who is signed in; a session is looked up once in half an hour."""
        hashed = token_hash(token)

        async def look_up() -> Answer:
            row = await self._pool.fetchrow(SESSION, hashed)
            if row is None:
                raise Refused(401, SIGN_IN)
            return dict(row)

        session = await remembered(self._cache, Kind.SESSION, hashed, look_up)
        if session.pop("expires_at") <= self._clock():  # remembered or not
            raise Refused(401, SIGN_IN)
        return User(**session)

    async def join(self, new: NewUser) -> Answer:
        """Keep a new user; the password is hashed beside the requests."""
        hashed = await asyncio.to_thread(password_hash, new.password)
        added = await self._pool.fetchval(
            "INSERT INTO users (name, region, latitude, longitude, password_hash, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            new.name, new.region, new.latitude, new.longitude, hashed, self._clock(),
        )  # fmt: skip
        return {"id": added, "name": new.name, "region": new.region}

    async def sign_in(self, credentials: Credentials) -> Answer:
        """Open a session."""
        kept = await self._pool.fetchval("SELECT password_hash FROM users WHERE id = $1", credentials.user_id)
        if kept is None or not await asyncio.to_thread(password_fits, credentials.password, kept):
            raise Refused(401, "no such user, or another password")
        token, ends = new_token(), self._clock() + SESSION_SECONDS
        await self._pool.execute(
            "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ($1, $2, $3)",
            token_hash(token), credentials.user_id, ends,
        )  # fmt: skip
        return {"token": token, "expires_at": ends}

    async def dashboard(self, user: User) -> Answer:
        """Give the dashboard of the user's region, at most a minute old."""
        return await remembered(self._cache, Kind.DASHBOARD, user.region, lambda: self._dashboard(user.region))

    async def _dashboard(self, region: str) -> Answer:
        now = self._clock()
        since = now - MONTHS_SHOWN * MONTH_SECONDS
        rows = await self._pool.fetch(TURNOVER, region, now, MONTH_SECONDS, MONTHS_SHOWN)
        turnover: dict[int, int] = {}
        for row in rows:
            turnover[row["month"]] = turnover.get(row["month"], 0) + row["won"]
        by_crop = {row["crop"]: row["won"] for row in rows if row["month"] == 0}
        latest = [dict(row) for row in await self._pool.fetch(LATEST, region, since, LATEST_SHOWN)]
        farms = await self._pool.fetchval("SELECT count(*) FROM farms WHERE region = $1", region)
        return dashboard_answer(region, turnover, by_crop, latest, farms)

    async def farms_near(self, place: Place) -> Answer:
        """Give the nearest farms, at most five minutes old."""
        name = f"{place.latitude}:{place.longitude}"
        return await remembered(self._cache, Kind.FARM_LIST, name, lambda: self._farms_near(place))

    async def _farms_near(self, place: Place) -> Answer:
        north = NEAR_KM / KM_PER_DEGREE
        east = north * DEGREES_EAST_PER_NORTH
        rows = await self._pool.fetch(
            NEAR, place.longitude - east, place.latitude - north, place.longitude + east, place.latitude + north
        )
        return nearest(place, (NearFarm(**row) for row in rows))

    async def register(self, user: User, new: NewFarm) -> Answer:
        """Keep a new farm."""
        added = await self._pool.fetchval(
            "INSERT INTO farms (owner_id, name, region, crop, latitude, longitude, stock_kg, won_per_kg,"
            " water_litres_per_kg, co2_grams_per_kg, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            user.id, new.name, user.region, new.crop, new.latitude, new.longitude, new.stock_kg, new.won_per_kg,
            new.water_litres_per_kg, new.co2_grams_per_kg, self._clock(),
        )  # fmt: skip
        return {"id": added, "name": new.name, "region": user.region, "crop": new.crop}

    async def buy(self, user: User, new: NewTransaction) -> Answer:
        """Keep a sale and take it from the stock, both or neither."""
        async with self._pool.acquire() as connection, connection.transaction():
            farm = await connection.fetchrow(
                "UPDATE farms SET stock_kg = stock_kg - $2 WHERE id = $1 AND stock_kg >= $2"
                " RETURNING region, crop, won_per_kg",
                new.farm_id, new.kg,
            )  # fmt: skip
            if farm is None:
                left = await connection.fetchval("SELECT stock_kg FROM farms WHERE id = $1", new.farm_id)
                if left is None:
                    raise Refused(404, f"no farm {new.farm_id}")
                raise Refused(409, f"farm {new.farm_id} has only {left} kg left")
            won = new.kg * farm["won_per_kg"]
            added = await connection.fetchval(
                "INSERT INTO transactions (buyer_id, farm_id, region, crop, kg, won, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                user.id, new.farm_id, farm["region"], farm["crop"], new.kg, won, self._clock(),
            )  # fmt: skip
        return {"id": added, "farm_id": new.farm_id, "kg": new.kg, "won": won}

    async def prediction(self, farm_id: int) -> Answer | None:
        """Give the expected demand, at most an hour old; None while it is worked out."""
        crop = await self._pool.fetchval("SELECT crop FROM farms WHERE id = $1", farm_id)
        if crop is None:
            raise Refused(404, f"no farm {farm_id}")
        return await self._predictions.get(crop)

    async def _sold_by_day(self, crop: str) -> Mapping[int, int]:
        now = self._clock()
        rows = await self._pool.fetch(SOLD_BY_DAY, crop, first_day(now) * DAY, now // DAY * DAY)
        return {row["day"]: row["kg"] for row in rows}

    async def esg(self, farm_id: int) -> Answer:
        """Give a farm's score."""
        scored = await self._pool.fetchrow(SCORED, farm_id, self._clock() - ESG_DAYS * DAY)
        if scored is None:
            raise Refused(404, f"no farm {farm_id}")
        return esg_answer(farm_id, **scored)

    async def close(self) -> None:
        """End the predictions and close every connection."""
        await self._predictions.close()
        await self._pool.close()
        await self._cache.close()
