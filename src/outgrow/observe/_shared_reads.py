"""Signals that are read at the same moment from the same thing share one reading of it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedReads(Generic[T]):
    """Readings under way, by what they read; a second caller waits for the first one's instead of starting its own.

    A finished reading is never given again: everyone gets what was read after they asked, or while they waited. Give
    the moment as a part of the key where readings for different moments differ.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def read(self, what: Hashable, reading: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Give the reading of `what`, started now or joined; it must be bounded in time by itself."""
        task = self._under_way.get(what)
        if task is None:
            task = asyncio.create_task(reading())
            self._under_way[what] = task
            task.add_done_callback(lambda done: self._forget(what, done))
        # A caller that is cancelled must not take the reading away from the others.
        return await asyncio.shield(task)

    def _forget(self, what: Hashable, done: "asyncio.Task[T]") -> None:
        self._under_way.pop(what, None)
        if not done.cancelled():
            done.exception()  # looked at, so that nobody complains should every caller be gone

    async def aclose(self) -> None:
        """End every reading that is still under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
