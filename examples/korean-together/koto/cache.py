"""The demo's Redis: sessions, profiles and spoken answers, up to a share of its memory."""

from collections.abc import Callable

import numpy as np
import redis
from redis.client import Pipeline

BATCH = 200
SESSION_SECONDS = 3600
SPEECH_SECONDS = 24 * 3600


class NoLimitError(Exception):
    """Redis has no maxmemory, so there is no share to fill."""


def fill_cache(url: str, share: float = 0.7, seed: int = 7, told: Callable[[int], object] = lambda _keys: None) -> int:
    """Write keys until `share` (0 to 1) of maxmemory is used; return how many were written.

    Raises:
        NoLimitError: maxmemory is 0.
        redis.RedisError: Redis fails or refuses, for example when it is full.
    """
    rng = np.random.default_rng(seed)
    with redis.Redis.from_url(url) as client:
        limit = _number(client, "maxmemory")
        if limit == 0:
            raise NoLimitError(
                'Redis has no limit, and a share of "unlimited" cannot be filled: CONFIG SET maxmemory 24mb'
            )
        written = 0
        while _number(client, "used_memory") < share * limit:
            with client.pipeline(transaction=False) as pipeline:
                for number in range(written, written + BATCH):
                    _write_one(pipeline, number, rng)
                pipeline.execute()
            written += BATCH
            told(BATCH)
        return written


def _number(client: redis.Redis, field: str) -> int:
    return int(client.info("memory")[field])  # type: ignore[index]


def _write_one(pipeline: Pipeline, number: int, rng: np.random.Generator) -> None:
    """Of ten keys seven are sessions, two are spoken answers, one is a profile that stays."""
    kind = number % 10
    if kind < 7:
        words = ", ".join(f'"turn{turn}": "{rng.integers(1 << 40):x}"' for turn in range(rng.integers(8, 40)))
        pipeline.set(f"session:{number}", "{" + words + "}", ex=SESSION_SECONDS)
    elif kind < 9:
        pipeline.set(f"tts:{rng.integers(1 << 60):x}", rng.bytes(int(rng.lognormal(8.3, 0.4))), ex=SPEECH_SECONDS)
    else:
        pipeline.hset(f"profile:{number}", mapping={"level": int(rng.integers(1, 7)), "streak": int(rng.integers(90))})
