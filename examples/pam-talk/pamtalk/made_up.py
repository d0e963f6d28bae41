"""The market's rows, made up: the same end, size and seed give the same rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pamtalk.market import DAY, SESSION_SECONDS
from pamtalk.secrets_kept import password_hash, token_hash

HISTORY_DAYS = 400
PASSWORD = "pam-talk-demo"  # of every user that is made up
COLUMNS = {
    "users": ("id", "name", "region", "latitude", "longitude", "password_hash", "created_at"),
    "sessions": ("id", "token_hash", "user_id", "expires_at"),
    "farms": (
        "id", "owner_id", "name", "region", "crop", "latitude", "longitude", "stock_kg", "won_per_kg",
        "water_litres_per_kg", "co2_grams_per_kg", "created_at",
    ),
    "transactions": ("id", "buyer_id", "farm_id", "region", "crop", "kg", "won", "created_at"),
}  # fmt: skip


@dataclass(frozen=True)
class Region:
    """Where farms lie: around a centre, so many degrees to each side; `share` of farms and users."""

    name: str
    latitude: float
    longitude: float
    spread: float
    share: float


REGIONS = (
    Region("gyeonggi", 37.3, 127.2, 0.35, 0.26),
    Region("gangwon", 37.8, 128.3, 0.45, 0.10),
    Region("chungcheong", 36.6, 127.3, 0.40, 0.18),
    Region("jeolla", 35.3, 127.0, 0.45, 0.21),
    Region("gyeongsang", 36.0, 128.7, 0.50, 0.20),
    Region("jeju", 33.4, 126.5, 0.15, 0.05),
)


@dataclass(frozen=True)
class Crop:
    """What is grown: the price in won for a kilogram, the share of farms, the weeks's day that sells best (0 to 6)."""

    name: str
    won_per_kg: int
    share: float
    best_day: int


CROPS = (
    Crop("rice", 2_800, 0.24, 5),
    Crop("apple", 5_200, 0.16, 4),
    Crop("pear", 4_600, 0.09, 4),
    Crop("strawberry", 11_000, 0.12, 5),
    Crop("napa-cabbage", 1_500, 0.14, 1),
    Crop("garlic", 7_400, 0.09, 2),
    Crop("onion", 1_300, 0.09, 2),
    Crop("mandarin", 4_100, 0.07, 6),
)


@dataclass(frozen=True)
class Size:
    """How much to make up, up to `end` (Unix seconds)."""

    end: int
    users: int = 30_000
    farms: int = 30_000
    transactions: int = 120_000
    seed: int = 7


Rows = Iterable[tuple[Any, ...]]


def tables(size: Size) -> Iterator[tuple[str, Rows]]:
    """Give the tables in an order that keeps references whole, each with its rows in the order of `COLUMNS`.

    User n has the session whose token is `demo-n`, so that a load can be signed in; ids count from 0.
    """
    rng = np.random.default_rng(size.seed)
    hashed = password_hash(PASSWORD, b"the same for all")  # one hash: twenty thousand would take minutes
    users = _positions(rng, size.users)
    joined = size.end - rng.integers(1, 3 * HISTORY_DAYS * DAY, size.users)
    yield "users", [(n, f"user {n}", *users[n], hashed, when) for n, when in enumerate(joined.tolist())]
    ends = size.end + SESSION_SECONDS
    yield "sessions", [(n, token_hash(f"demo-{n}"), n, ends) for n in range(size.users)]
    farms = _farms(rng, size)
    yield "farms", farms
    yield "transactions", _transactions(rng, size, farms)


def _positions(rng: np.random.Generator, count: int) -> list[tuple[str, float, float]]:
    which = rng.choice(len(REGIONS), count, p=[region.share for region in REGIONS])
    off = rng.normal(0, 0.5, (count, 2)).clip(-1, 1)
    positions: list[tuple[str, float, float]] = []
    for each, (north, east) in zip(which, off.tolist(), strict=True):
        region = REGIONS[each]
        latitude, longitude = region.latitude + north * region.spread, region.longitude + east * region.spread
        positions.append((region.name, round(latitude, 5), round(longitude, 5)))
    return positions


def _farms(rng: np.random.Generator, size: Size) -> list[tuple[Any, ...]]:
    crops = rng.choice(len(CROPS), size.farms, p=[crop.share for crop in CROPS])
    owners = rng.integers(0, size.users, size.farms).tolist()
    prices = rng.normal(1, 0.15, size.farms).clip(0.5, 1.6)
    water = rng.lognormal(5.5, 0.5, size.farms).astype(int).tolist()
    carbon = rng.lognormal(6.2, 0.6, size.farms).astype(int).tolist()
    since = (size.end - rng.integers(HISTORY_DAYS * DAY, 3 * HISTORY_DAYS * DAY, size.farms)).tolist()
    return [
        (
            n, owners[n], f"farm {n}", region, CROPS[crops[n]].name, latitude, longitude, 1_000_000,
            int(CROPS[crops[n]].won_per_kg * prices[n]), water[n], carbon[n], since[n],
        )
        for n, (region, latitude, longitude) in enumerate(_positions(rng, size.farms))
    ]  # fmt: skip


def _transactions(rng: np.random.Generator, size: Size, farms: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Trade that grows by three quarters in the time shown, and has its week: each crop sells best on its own day."""
    first = size.end // DAY - HISTORY_DAYS
    days = np.arange(HISTORY_DAYS)
    best = {crop.name: crop.best_day for crop in CROPS}
    growing = 1 + 0.75 * days / HISTORY_DAYS
    chances = []
    for day in range(7):
        weekly = growing * np.where((first + days) % 7 == day, 2.2, 1.0)
        chances.append(np.cumsum(weekly / weekly.sum()))
    sellers = (len(farms) * rng.random(size.transactions) ** 1.5).astype(int).tolist()  # some sell much more
    buyers = rng.integers(0, size.users, size.transactions).tolist()
    drawn, seconds = rng.random(size.transactions), rng.integers(0, DAY, size.transactions)
    kilograms = (1 + rng.lognormal(2.2, 0.9, size.transactions)).astype(int).tolist()
    rows = []
    for n, seller in enumerate(sellers):
        farm_id, _, _, region, crop, *_, price, _, _, _ = farms[seller]
        day = int(np.searchsorted(chances[best[crop]], drawn[n]))
        at = min((first + day) * DAY + int(seconds[n]), size.end)
        rows.append((buyers[n], farm_id, region, crop, kilograms[n], kilograms[n] * price, at))
    rows.sort(key=lambda row: row[-1])
    return [(n, *row) for n, row in enumerate(rows)]
