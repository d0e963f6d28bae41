"""An alarm that wakes the loop at a moment, as finely as the machine can.

The loop's own timers are whole milliseconds, and fire up to one later: of an answer that takes five, that would be a
tenth. Linux has timers that are files (timerfd_create(2)), fine to some microseconds, which the loop watches as any.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from ctypes import CDLL, Structure, byref, c_long, get_errno
from typing import Final

_IS_LINUX: Final = sys.platform == "linux"
_FLAGS: Final = os.O_NONBLOCK | os.O_CLOEXEC if _IS_LINUX else 0
_MONOTONIC: Final = 1
"""Linux's number of that clock; `time.CLOCK_MONOTONIC` is not there on every system that imports this."""
_PER_SECOND: Final = 1_000_000_000
_SHORTEST: Final = 1_000
"""Nanoseconds: a timer set to 0 never fires."""
_COUNT_BYTES: Final = 8


class _Moment(Structure):
    _fields_ = (("seconds", c_long), ("nanoseconds", c_long))


class _Setting(Structure):
    _fields_ = (("interval", _Moment), ("first", _Moment))


class Alarm:
    """Calls when its time has come; setting it again forgets the time before."""

    def __init__(self, told: Callable[[], None]) -> None:
        """Be set to no time yet.

        Raises:
            OSError: the machine gives no more files.
        """
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._file = -1
        if _IS_LINUX:
            self._kernel = CDLL(None, use_errno=True)
            self._setting = _Setting()
            self._at = byref(self._setting)
            self._file = self._kernel.timerfd_create(_MONOTONIC, _FLAGS)
            if self._file < 0:
                raise OSError(get_errno(), os.strerror(get_errno()))
            self._loop.add_reader(self._file, self._ring)

    def set(self, seconds: float) -> None:
        """Call in so many seconds.

        Raises:
            OSError: the kernel refused.
        """
        if self._file < 0:
            self._timer = self._loop.call_later(seconds, self._told)
            return
        whole, rest = divmod(max(int(seconds * _PER_SECOND), _SHORTEST), _PER_SECOND)
        first = self._setting.first
        first.seconds, first.nanoseconds = whole, rest
        if self._kernel.timerfd_settime(self._file, 0, self._at, None) != 0:
            raise OSError(get_errno(), os.strerror(get_errno()))

    def close(self) -> None:
        """Call no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._file >= 0:
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._file = -1

    def _ring(self) -> None:
        try:
            os.read(self._file, _COUNT_BYTES)
        except BlockingIOError:
            return
        self._told()
