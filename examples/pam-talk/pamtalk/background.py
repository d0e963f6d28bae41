"""Predictions beside the requests: a process of its own works them out, the cache holds the result."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from starlette.concurrency import run_in_threadpool

from pamtalk.cache import Cache, Kind
from pamtalk.demand import predicted
from pamtalk.market import Answer

LESS_URGENT = 10


class Predictions:
    """One prediction at a time for each worker, each crop once among all workers."""

    def __init__(
        self,
        cache: Cache,
        sold: Callable[[str], Awaitable[Mapping[int, int]]],
        clock: Callable[[], int],
        failed: Callable[[str], object] = print,
    ) -> None:
        """Args: sold: reads the kilograms of a crop by day; failed: is told what went wrong."""
        self._cache = cache
        self._sold = sold
        self._clock = clock
        self._failed = failed
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def get(self, crop: str) -> Answer | None:
        """Give the prediction; None while it is worked out, which begins with the first who asks."""
        found: Answer | None = await self._cache.get(Kind.PREDICTION, crop)
        if found is None and await self._cache.claim(Kind.WORKING, crop):
            task = asyncio.create_task(self._work_out(crop))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return found

    async def close(self) -> None:
        """Let go of what is under way and end the process."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await run_in_threadpool(pool.shutdown, cancel_futures=True)

    async def _work_out(self, crop: str) -> None:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_step_back)
        try:
            sold = dict(await self._sold(crop))
            working = self._pool.submit(predicted, crop, sold, self._clock())
            await self._cache.put(Kind.PREDICTION, crop, await asyncio.wrap_future(working))
        except Exception as error:  # noqa: BLE001 (whatever it was: it is told, and the next who asks tries again)
            self._failed(f"the prediction for {crop} failed: {error!r}")
        finally:
            await self._cache.forget(Kind.WORKING, crop)


def _step_back() -> None:
    """Leave the processor to the requests, and the end to the worker: Ctrl-C reaches every process of a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(LESS_URGENT)
