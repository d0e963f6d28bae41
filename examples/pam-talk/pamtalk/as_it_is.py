"""The market as it is: one process, SQLite, one request after the other.

It is slow because of how it is built, as services that grew are, and for no other reason: no index beside the primary
keys, whole tables read into Python, a prediction worked out inside its request, and a single thread that does it all.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pamtalk.demand import first_day, predicted
from pamtalk.market import (
    DAY,
    ESG_DAYS,
    LATEST_SHOWN,
    MONTH_SECONDS,
    MONTHS_SHOWN,
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
    month_of,
    nearest,
)
from pamtalk.secrets_kept import new_token, password_fits, password_hash, token_hash


class AsItIs:
    """The API over one SQLite file. Nothing is awaited: while one request is worked on, all others wait."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA foreign_keys = ON")
        self._clock = clock

    async def user_of(self, token: str) -> User:
        """Give who is signed in."""
        session = self._database.execute(
            "SELECT * FROM sessions WHERE token_hash = ? AND expires_at > ?", (token_hash(token), self._clock())
        ).fetchone()
        if session is None:
            raise Refused(401, SIGN_IN)
        user = self._database.execute("SELECT * FROM users WHERE id = ?", (session["user_id"],)).fetchone()
        return User(user["id"], user["name"], user["region"], user["latitude"], user["longitude"])

    async def join(self, new: NewUser) -> Answer:
        """Keep a new user."""
        added = self._database.execute(
            "INSERT INTO users (name, region, latitude, longitude, password_hash, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (new.name, new.region, new.latitude, new.longitude, password_hash(new.password), self._clock()),
        )
        return {"id": added.lastrowid, "name": new.name, "region": new.region}

    async def sign_in(self, credentials: Credentials) -> Answer:
        """Open a session."""
        user = self._database.execute("SELECT * FROM users WHERE id = ?", (credentials.user_id,)).fetchone()
        if user is None or not password_fits(credentials.password, user["password_hash"]):
            raise Refused(401, "no such user, or another password")
        token, ends = new_token(), self._clock() + SESSION_SECONDS
        self._database.execute(
            "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (?, ?, ?)",
            (token_hash(token), user["id"], ends),
        )
        return {"token": token, "expires_at": ends}

    async def dashboard(self, user: User) -> Answer:
        """Give the dashboard of the user's region: its year is read whole, and added up here."""
        now = self._clock()
        turnover: Counter[int] = Counter()
        by_crop: Counter[str] = Counter()
        year = self._database.execute(
            "SELECT * FROM transactions WHERE region = ? AND created_at > ? ORDER BY created_at DESC, id DESC",
            (user.region, now - MONTHS_SHOWN * MONTH_SECONDS),
        ).fetchall()
        for row in year:
            month = month_of(row["created_at"], now)
            turnover[month] += row["won"]
            if month == 0:
                by_crop[row["crop"]] += row["won"]
        latest: list[Answer] = []
        for row in year[:LATEST_SHOWN]:
            farm = self._database.execute("SELECT * FROM farms WHERE id = ?", (row["farm_id"],)).fetchone()
            latest.append({"farm": farm["name"], "crop": row["crop"], "kg": row["kg"], "won": row["won"]})
        farms = len(self._database.execute("SELECT * FROM farms WHERE region = ?", (user.region,)).fetchall())
        return dashboard_answer(user.region, turnover, by_crop, latest, farms)

    async def farms_near(self, place: Place) -> Answer:
        """Give the nearest farms: the distance to every farm is reckoned."""
        rows = self._database.execute("SELECT * FROM farms").fetchall()
        return nearest(
            place,
            (
                NearFarm(
                    row["id"], row["name"], row["crop"], row["latitude"], row["longitude"],
                    row["stock_kg"], row["won_per_kg"],
                )
                for row in rows
            ),
        )  # fmt: skip

    async def register(self, user: User, new: NewFarm) -> Answer:
        """Keep a new farm."""
        added = self._database.execute(
            "INSERT INTO farms (owner_id, name, region, crop, latitude, longitude, stock_kg, won_per_kg,"
            " water_litres_per_kg, co2_grams_per_kg, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                user.id, new.name, user.region, new.crop, new.latitude, new.longitude, new.stock_kg, new.won_per_kg,
                new.water_litres_per_kg, new.co2_grams_per_kg, self._clock(),
            ),
        )  # fmt: skip
        return {"id": added.lastrowid, "name": new.name, "region": user.region, "crop": new.crop}

    async def buy(self, user: User, new: NewTransaction) -> Answer:
        """Keep a sale and take it from the stock, both or neither."""
        farm = self._farm(new.farm_id)
        if farm["stock_kg"] < new.kg:
            raise Refused(409, f"farm {new.farm_id} has only {farm['stock_kg']} kg left")
        won = new.kg * farm["won_per_kg"]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute("UPDATE farms SET stock_kg = stock_kg - ? WHERE id = ?", (new.kg, new.farm_id))
            added = self._database.execute(
                "INSERT INTO transactions (buyer_id, farm_id, region, crop, kg, won, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (user.id, new.farm_id, farm["region"], farm["crop"], new.kg, won, self._clock()),
            )
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        return {"id": added.lastrowid, "farm_id": new.farm_id, "kg": new.kg, "won": won}

    async def prediction(self, farm_id: int) -> Answer:
        """Give the expected demand, worked out here and now, however often it was worked out before."""
        farm, now = self._farm(farm_id), self._clock()
        first = first_day(now)
        sold: Counter[int] = Counter()
        for row in self._database.execute("SELECT * FROM transactions WHERE crop = ?", (farm["crop"],)):
            if first <= row["created_at"] // DAY < now // DAY:
                sold[row["created_at"] // DAY] += row["kg"]
        return predicted(farm["crop"], sold, now)

    async def esg(self, farm_id: int) -> Answer:
        """Give a farm's score: every farm of its crop is compared, every buyer is looked up."""
        farm = self._farm(farm_id)
        same = self._database.execute("SELECT * FROM farms WHERE crop = ?", (farm["crop"],)).fetchall()
        thirstier = sum(row["water_litres_per_kg"] > farm["water_litres_per_kg"] for row in same)
        dirtier = sum(row["co2_grams_per_kg"] > farm["co2_grams_per_kg"] for row in same)
        sold = stayed = 0
        for row in self._database.execute(
            "SELECT * FROM transactions WHERE farm_id = ? AND created_at > ?",
            (farm_id, self._clock() - ESG_DAYS * DAY),
        ).fetchall():
            buyer = self._database.execute("SELECT region FROM users WHERE id = ?", (row["buyer_id"],)).fetchone()
            sold += row["kg"]
            stayed += row["kg"] * (buyer["region"] == farm["region"])
        return esg_answer(farm_id, thirstier / len(same), dirtier / len(same), stayed / sold if sold else None)

    async def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _farm(self, farm_id: int) -> sqlite3.Row:
        farm: sqlite3.Row | None = self._database.execute("SELECT * FROM farms WHERE id = ?", (farm_id,)).fetchone()
        if farm is None:
            raise Refused(404, f"no farm {farm_id}")
        return farm
