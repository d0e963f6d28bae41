"""The applications that uvicorn makes in each of its processes; where their data is stands in the environment."""

import os
import time
from pathlib import Path

from starlette.applications import Starlette

from pamtalk.after_phase_1 import AfterPhase1
from pamtalk.as_it_is import AsItIs
from pamtalk.cache import Cache, MemoryCache, RedisCache
from pamtalk.market import Market
from pamtalk.web import application

SQLITE = "PAM_SQLITE"
DATABASE_URL = "PAM_DATABASE_URL"
REDIS_URL = "PAM_REDIS_URL"


def as_it_is() -> Starlette:
    """Make the form of today over the SQLite file of PAM_SQLITE."""

    async def opened() -> Market:
        return AsItIs(Path(os.environ[SQLITE]), _now)

    return application(opened)


def after_phase_1() -> Starlette:
    """Make the form after phase 1 over PAM_DATABASE_URL and PAM_REDIS_URL; without Redis each worker remembers."""

    async def opened() -> Market:
        redis_url = os.environ.get(REDIS_URL)
        cache: Cache = RedisCache(redis_url) if redis_url else MemoryCache(time.monotonic)
        return await AfterPhase1.open(os.environ[DATABASE_URL], cache, _now)

    return application(opened)


def _now() -> int:
    return int(time.time())
