"""Many past moments in few round trips: chunks whose size follows the time that they take."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, Observation, Origin

Ask = Callable[[Sequence[datetime]], Awaitable[list[Observation]]]
"""Asks for a chunk of instants at once."""

_AIM: Final = timedelta(seconds=1.5)
_FIRST_CHUNK: Final = 8
_GROWTH: Final = 4
_HOPELESS_AFTER: Final = 3


class InstantsFailedError(SourceError):
    """These instants together failed; fewer of them, or others, may do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How large chunks grow: at most `largest` instants, and never aiming at more than half of the time limit."""

    largest: int
    limit: timedelta

    def next_size(self, size: int, took: timedelta) -> int:
        """Give the size of the chunk after one of `size` instants that took so long."""
        aim = min(_AIM, self.limit / 2)
        wanted = int(size * min(aim / max(took, timedelta(microseconds=1)), _GROWTH))
        return max(1, min(wanted, self.largest))


async def in_chunks(
    instants: Sequence[datetime], now: datetime, pace: Pace, ask: Ask, clock: Callable[[], float] = monotonic
) -> list[Observation]:
    """Ask for all instants, in chunks, in order.

    A chunk that is too slow, or fails on its data, is asked again in halves; a single instant that fails is a
    `Missing` with the reason. When one instant after the other is too slow the rest is not asked at all.

    Args:
        instants: in rising order.
        now: when they are asked for, by our clock.
        pace: how large chunks may grow.
        ask: asks for one chunk; raises `InstantsFailedError` when fewer instants may do.
        clock: seconds, monotonic.

    Raises:
        SourceError: whatever else `ask` raises.
    """
    found: list[Observation] = []
    position, size, slow_in_a_row = 0, _FIRST_CHUNK, 0
    while position < len(instants):
        chunk = instants[position : position + size]
        began = clock()
        try:
            found += await ask(chunk)
        except InstantsFailedError as error:
            if len(chunk) > 1:
                size = len(chunk) // 2
                continue
            slow_in_a_row += error.failure is Failure.TIMED_OUT
            hopeless = slow_in_a_row >= _HOPELESS_AFTER
            failed = instants[position:] if hopeless else chunk
            found += [_failed(at, error, now) for at in failed]
            position += len(failed)
            continue
        position, slow_in_a_row = position + len(chunk), 0
        size = pace.next_size(len(chunk), timedelta(seconds=clock() - began))
    return found


def _failed(at: datetime, error: SourceError, now: datetime) -> Observation:
    return Observation((), Missing(at, Absence.FAILED, str(error), now, Origin.BACKFILL))
