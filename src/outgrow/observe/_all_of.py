"""Many requests of one read: a few at a time, in order, given up together."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from outgrow.errors import SourceError

T = TypeVar("T")


async def all_of(calls: Sequence[Callable[[], Awaitable[T]]], at_once: int) -> list[T]:
    """Await every call, `at_once` at a time, and give their results in the order of the calls.

    Raises:
        SourceError: the first that any call raised; the others are cancelled.
    """
    results: dict[int, T] = {}
    failures: list[SourceError] = []
    limiter = anyio.CapacityLimiter(at_once)

    async def one(index: int, call: Callable[[], Awaitable[T]]) -> None:
        async with limiter:
            try:
                results[index] = await call()
            except SourceError as error:
                failures.append(error)
                tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for index, call in enumerate(calls):
            tasks.start_soon(one, index, call)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(calls))]
