"""Talking in lines with a process that runs a share, wherever it runs."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Final, Protocol

from outgrow.loadtest import worker

_LONGEST_LINE: Final = 1 << 26
_LEAVING_SECONDS: Final = 5.0


class Lines(Protocol):
    """A process that is spoken to and heard in lines."""

    async def start(self) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        ...

    def write(self, line: bytes) -> None:
        """Say a line; one that is gone hears nothing."""
        ...

    async def read(self, seconds: float) -> bytes:
        """Give its next line with its end; what has no end was its last word.

        Raises:
            TimeoutError: it said nothing for so long.
        """
        ...

    async def end_in_words(self) -> str:
        """Say how it ended, once it has."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    async def aclose(self, *, gently: bool) -> None:
        """Make sure that it is gone; `gently` leaves it some seconds."""
        ...


StartLines = Callable[[], Lines]
"""Gives the lines to another process that is yet to be started."""


class LocalLines:
    """A process of this machine."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C in the terminal reaches the parent alone, which tells all.

        Raises:
            OSError: it cannot be started.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            worker.__name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            limit=_LONGEST_LINE,
            start_new_session=True,
        )

    def write(self, line: bytes) -> None:
        """Say a line; one that is gone hears nothing."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(line)

    async def read(self, seconds: float) -> bytes:
        """Give its next line with its end; what has no end was its last word.

        Raises:
            TimeoutError: it said nothing for so long.
        """
        assert self._process is not None  # noqa: S101 (it was started)
        assert self._process.stdout is not None  # noqa: S101
        async with asyncio.timeout(seconds):
            return await self._process.stdout.readline()

    async def end_in_words(self) -> str:
        """Say how it ended, once it has."""
        assert self._process is not None  # noqa: S101 (it was started)
        return in_words(await self._process.wait())

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def aclose(self, *, gently: bool) -> None:
        """Make sure that it is gone; `gently` leaves it some seconds."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # which ends it, whatever it is doing
        try:
            async with asyncio.timeout(_LEAVING_SECONDS if gently else 0):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()


def in_words(status: int) -> str:
    """Say how a process ended, by its status."""
    if status >= 0:
        return f"it ended with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"
