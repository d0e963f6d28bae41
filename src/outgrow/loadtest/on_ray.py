"""A run over the machines of a Ray cluster (the extra `ray`): an actor for each share, which starts and hears it.

outgrow must be installed on every node. A node that dies is a process that died: it is reported, its rest is lost.
"""

import asyncio
import contextlib
import os
from typing import Any, Final

from outgrow.errors import Failure, SourceError, UsageError
from outgrow.loadtest.lines import LocalLines, StartLines

# Before the import, which reads it.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
try:
    import ray
    from ray.exceptions import RayError
except ImportError as missing:
    raise SourceError(
        Failure.NOT_INSTALLED, f"a package is missing ({missing.name})", "install outgrow[ray]"
    ) from missing

SCHEME: Final = "ray://"
_START_SECONDS: Final = 120.0
_LONG: Final = 86_400.0


def begin(place: str, count: int) -> StartLines:
    """Join a cluster and give what starts processes there.

    Args:
        place: `ray://auto` for the cluster that this machine belongs to, `ray://local` for one that is started here and
            ended with this process, `ray://HOST:PORT` for one that is elsewhere.
        count: how many processes will be started.

    Raises:
        SourceError: there is no such cluster.
        UsageError: the place is none of these.
    """
    name = place.removeprefix(SCHEME)
    if not place.startswith(SCHEME) or not name:
        raise UsageError(f'"{place}" is no Ray cluster; write ray://auto, ray://local or ray://HOST:PORT')
    try:
        if name == "local":
            ray.init(address="local", num_cpus=count, include_dashboard=False, log_to_driver=False)
        else:
            ray.init(address="auto" if name == "auto" else place, log_to_driver=False)
    except (ConnectionError, RuntimeError, RayError) as error:
        raise SourceError(Failure.UNREACHABLE, f"no Ray cluster is reached: {error}", "start one: ray start") from error
    return lambda: _RayLines(_Actor.options(num_cpus=1).remote())


def leave() -> None:
    """Leave the cluster; one that was started here ends."""
    ray.shutdown()


class _Held:
    """Lives on a node: holds one process and passes its lines on."""

    def __init__(self) -> None:
        self._lines = LocalLines()

    async def start(self) -> None:
        await self._lines.start()

    async def write(self, line: bytes) -> None:
        self._lines.write(line)

    async def read(self) -> bytes:
        return await self._lines.read(_LONG)

    async def end_in_words(self) -> str:
        return await self._lines.end_in_words()

    async def aclose(self, *, gently: bool) -> None:
        await self._lines.aclose(gently=gently)


_Actor: Any = ray.remote(_Held)


class _RayLines:
    """The lines to a process on a node, by way of its actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self._end = "it was ended"

    async def start(self) -> None:
        """Start it, as soon as a node has room.

        Raises:
            OSError: no node has room, or the node is gone.
        """
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _awaited(self._actor.start.remote())
        except TimeoutError as error:
            raise TimeoutError("no node of the Ray cluster has a free processor; ask for fewer processes") from error
        except RayError as error:
            raise ConnectionError(_said(error)) from error

    def write(self, line: bytes) -> None:
        """Say a line; one that is gone hears nothing."""
        self._actor.write.remote(line)

    async def read(self, seconds: float) -> bytes:
        """Give its next line; nothing where its node is gone.

        Raises:
            TimeoutError: it said nothing for so long.
        """
        try:
            async with asyncio.timeout(seconds):
                return await _awaited(self._actor.read.remote())
        except RayError as error:
            self._end = f"its node or its actor is gone ({_said(error)})"
            return b""

    async def end_in_words(self) -> str:
        """Say how it ended."""
        try:
            return await _awaited(self._actor.end_in_words.remote())
        except RayError:
            return self._end

    def kill(self) -> None:
        """End it at once: its process ends when its actor is gone."""
        ray.kill(self._actor)

    async def aclose(self, *, gently: bool) -> None:
        """Make sure that it is gone."""
        with contextlib.suppress(RayError):
            await _awaited(self._actor.aclose.remote(gently=gently))
            ray.kill(self._actor)


def _said(error: RayError) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


async def _awaited(reference: Any) -> Any:
    return await asyncio.wrap_future(reference.future())
