"""SIGINT, SIGTERM and SIGHUP as one exception that comes only where it can be handled."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


class InterruptedBySignal(KeyboardInterrupt):
    """A signal asked this process to end. A KeyboardInterrupt: asyncio swallows any other exception in a callback."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class Interruptions:
    """While entered, the first of the three signals raises `InterruptedBySignal`; inside `held()` it waits.

    A process that was started must be known before an exception may come, or nobody would stop it. Later signals are
    ignored: they often come in pairs (from the terminal and from make), and the second must not break the cleaning up.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._pending: int | None = None
        self._raised = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._arrived) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self, *, drop: bool = False) -> Generator[None]:
        """Let no signal interrupt the block; one that came meanwhile raises at its end, unless it is to `drop`."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
        if drop:
            self._pending = None
        if self._pending is not None and self._holders == 0:
            number, self._pending, self._raised = self._pending, None, True
            raise InterruptedBySignal(number)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if self._raised:
            return
        if self._holders:
            self._pending = number
        else:
            self._raised = True
            raise InterruptedBySignal(number)
