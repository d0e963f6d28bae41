"""What phase 1 remembers, and for how long: in Redis, or in the process where there is none.

Nothing is told to forget: what was registered a moment ago is listed when the list's time is over. That is the price
that PT-4's times to live put on reads which no longer reach the database.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from redis.asyncio import Redis


class Kind(Enum):
    """What is remembered, with its time to live in seconds (PT-4)."""

    FARM_LIST = 300
    PREDICTION = 3_600
    DASHBOARD = 60
    SESSION = 1_800
    WORKING = 30
    """That a prediction is being worked out, so that no second worker begins; forgotten should the first one die."""

    def key(self, name: object) -> str:
        """Give the name under which one of this kind is kept."""
        return f"{self.name.lower().replace('_', '-')}:{name}"


class Cache(Protocol):
    """Remembers JSON for a kind's time to live."""

    async def get(self, kind: Kind, name: object) -> Any | None:
        """Give what is remembered; None when it never was, or no longer is."""
        ...

    async def put(self, kind: Kind, name: object, value: Any) -> None:
        """Remember."""
        ...

    async def claim(self, kind: Kind, name: object) -> bool:
        """Say whether the caller is the first to claim this name within the time to live."""
        ...

    async def forget(self, kind: Kind, name: object) -> None:
        """Forget before the time is over."""
        ...

    async def close(self) -> None:
        """Let go of everything that was opened."""
        ...


async def remembered(cache: Cache, kind: Kind, name: object, work_out: Callable[[], Awaitable[Any]]) -> Any:
    """Give what is remembered; else work it out and remember it."""
    found = await cache.get(kind, name)
    if found is None:
        found = await work_out()
        await cache.put(kind, name, found)
    return found


class RedisCache:
    """All workers remember together. The address is an administrator's; Redis throws out the oldest when it is full."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, max_connections=50)

    async def get(self, kind: Kind, name: object) -> Any | None:
        """Give what is remembered, or None."""
        kept = await self._redis.get(kind.key(name))
        return None if kept is None else json.loads(kept)

    async def put(self, kind: Kind, name: object, value: Any) -> None:
        """Remember for the kind's time to live."""
        await self._redis.set(kind.key(name), json.dumps(value), ex=kind.value)

    async def claim(self, kind: Kind, name: object) -> bool:
        """Say whether nobody claimed this before."""
        return bool(await self._redis.set(kind.key(name), "1", nx=True, ex=kind.value))

    async def forget(self, kind: Kind, name: object) -> None:
        """Forget before the time is over."""
        await self._redis.delete(kind.key(name))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


@dataclass(frozen=True)
class _Kept:
    until: float
    text: str


class MemoryCache:
    """Each worker remembers for itself: where there is no Redis, and in tests, whose clock it takes."""

    def __init__(self, clock: Callable[[], float], most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._kept: dict[str, _Kept] = {}

    async def get(self, kind: Kind, name: object) -> Any | None:
        """Give what is remembered, or None."""
        kept = self._kept.get(kind.key(name))
        return None if kept is None or kept.until <= self._clock() else json.loads(kept.text)

    async def put(self, kind: Kind, name: object, value: Any) -> None:
        """Remember for the kind's time to live; the oldest is thrown out when there are too many."""
        key = kind.key(name)
        self._kept.pop(key, None)
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = _Kept(self._clock() + kind.value, json.dumps(value))

    async def claim(self, kind: Kind, name: object) -> bool:
        """Say whether nobody claimed this before."""
        if await self.get(kind, name) is not None:
            return False
        await self.put(kind, name, 1)
        return True

    async def forget(self, kind: Kind, name: object) -> None:
        """Forget before the time is over."""
        self._kept.pop(kind.key(name), None)

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
