"""What both forms agree on: what may be asked, what an answer holds, and how it is reckoned."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

Answer = dict[str, Any]
"""A JSON object."""

DAY = 86_400
SESSION_SECONDS = 30 * DAY
SIGN_IN = "sign in first: POST /sessions"
MONTHS_SHOWN = 12
MONTH_SECONDS = 30 * DAY
LATEST_SHOWN = 10
BEST_SHOWN = 5
FARMS_SHOWN = 20
NEAR_KM = 25.0
ESG_DAYS = 180
EARTH_KM = 6371.0

Text = Annotated[str, Field(min_length=1, max_length=80)]


class Refused(Exception):  # noqa: N818 (an answer, not a fault)
    """A request that is answered with a status of its own."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Asked(BaseModel):
    """What a request brings: nothing beyond what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewUser(Asked):
    """Who joins."""

    name: Text
    password: Annotated[str, Field(min_length=8, max_length=200)]
    region: Text
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class Credentials(Asked):
    """Who signs in."""

    user_id: int
    password: Annotated[str, Field(max_length=200)]


class NewFarm(Asked):
    """A farm that is registered; what it uses is for its score."""

    name: Text
    crop: Text
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    stock_kg: Annotated[int, Field(ge=0, le=10**9)]
    won_per_kg: Annotated[int, Field(ge=1, le=10**7)]
    water_litres_per_kg: Annotated[int, Field(ge=0, le=10**5)]
    co2_grams_per_kg: Annotated[int, Field(ge=0, le=10**5)]


class NewTransaction(Asked):
    """What is bought."""

    farm_id: int
    kg: Annotated[int, Field(ge=1, le=10**5)]


@dataclass(frozen=True)
class User:
    """Who asks; the place is where farms are looked for."""

    id: int
    name: str
    region: str
    latitude: float
    longitude: float

    def answer(self) -> Answer:
        """Give what is told of a user."""
        return {"id": self.id, "name": self.name, "region": self.region}


@dataclass(frozen=True)
class Place:
    """Where farms are looked for. Rounded to a tenth of a degree (about ten kilometres): neighbours see the same."""

    latitude: float
    longitude: float

    @classmethod
    def near(cls, latitude: float, longitude: float) -> "Place":
        """Give the place that stands for a position."""
        return cls(round(latitude, 1), round(longitude, 1))


class Market(Protocol):
    """The API, whatever stands behind it. Every method raises `Refused` where the answer is no."""

    async def user_of(self, token: str) -> User:
        """Give who is signed in."""
        ...

    async def join(self, new: NewUser) -> Answer:
        """Keep a new user."""
        ...

    async def sign_in(self, credentials: Credentials) -> Answer:
        """Open a session."""
        ...

    async def dashboard(self, user: User) -> Answer:
        """Give the dashboard of the user's region."""
        ...

    async def farms_near(self, place: Place) -> Answer:
        """Give the farms nearest to a place."""
        ...

    async def register(self, user: User, new: NewFarm) -> Answer:
        """Keep a new farm in the user's region."""
        ...

    async def buy(self, user: User, new: NewTransaction) -> Answer:
        """Keep a sale and take it from the farm's stock."""
        ...

    async def prediction(self, farm_id: int) -> Answer | None:
        """Give the demand expected for a farm's crop; None when it is still being worked out."""
        ...

    async def esg(self, farm_id: int) -> Answer:
        """Give a farm's score for the environment and its region."""
        ...

    async def close(self) -> None:
        """Let go of everything that was opened."""
        ...


def kilometres(a: Place, latitude: float, longitude: float) -> float:
    """Give the distance along the globe (haversine formula)."""
    north, east = radians(latitude - a.latitude), radians(longitude - a.longitude)
    chord = sin(north / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(chord))


@dataclass(frozen=True)
class NearFarm:
    """A farm as the list shows it."""

    id: int
    name: str
    crop: str
    latitude: float
    longitude: float
    stock_kg: int
    won_per_kg: int


def nearest(place: Place, farms: Iterable[NearFarm]) -> Answer:
    """Give the nearest farms within `NEAR_KM`, nearest first."""
    measured = ((kilometres(place, farm.latitude, farm.longitude), farm) for farm in farms)
    within = sorted(((far, farm.id, farm) for far, farm in measured if far <= NEAR_KM), key=lambda each: each[:2])
    return {
        "farms": [
            {
                "id": farm.id,
                "name": farm.name,
                "crop": farm.crop,
                "km": round(far, 1),
                "stock_kg": farm.stock_kg,
                "won_per_kg": farm.won_per_kg,
            }
            for far, _, farm in within[:FARMS_SHOWN]
        ],
        "within_km": NEAR_KM,
        "found": len(within),
    }


def month_of(created_at: int, now: int) -> int:
    """Say in which month before `now` a moment lies: 0 for the last 30 days."""
    return (now - created_at) // MONTH_SECONDS


def dashboard_answer(
    region: str, turnover: dict[int, int], by_crop: dict[str, int], latest: list[Answer], farms: int
) -> Answer:
    """Give a region's dashboard: turnover (won) of the last twelve months, the best crops, the latest transactions."""
    best = sorted(by_crop.items(), key=lambda each: (-each[1], each[0]))[:BEST_SHOWN]
    return {
        "region": region,
        "farms": farms,
        "turnover_won": [turnover.get(month, 0) for month in range(MONTHS_SHOWN)],
        "best_crops": [{"crop": crop, "won": won} for crop, won in best],
        "latest": latest,
    }


def esg_answer(farm_id: int, thirstier: float, dirtier: float, local: float | None) -> Answer:
    """Give a farm's score, 0 to 100: half the environment, half what stays in the region.

    Args:
        farm_id: whose score it is.
        thirstier: share of the farms with the same crop that use more water for a kilogram.
        dirtier: share of them that emit more CO2 for a kilogram.
        local: share of the kilograms sold in the last 180 days that stayed in the region; None without sales.
    """
    environment = (thirstier + dirtier) / 2
    score = environment if local is None else (environment + local) / 2
    return {
        "farm_id": farm_id,
        "score": round(100 * score),
        "environment": round(100 * environment),
        "local": None if local is None else round(100 * local),
    }
