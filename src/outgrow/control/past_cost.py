"""What asking for a signal's past will cost, found out by asking for a little of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from outgrow.plan.signals import QuerySignal
from outgrow.ports import SignalSource

# The first trial also opens the connection. Each next one asks for more instants, until the answer takes so long that
# the round trips of a single call no longer count: a millisecond of them, spread over six instants, would be seven
# seconds over a month of minutes.
_TRIALS: Final = (1, 4, 32, 256)
_TELLING: Final = timedelta(milliseconds=250)
_SURELY_TELLING: Final = timedelta(seconds=1)


async def past_cost(
    source: SignalSource,
    signal: QuerySignal,
    instants: Sequence[datetime],
    now: datetime,
    clock: Callable[[], float] = monotonic,
) -> timedelta:
    """Estimate how long `source.past` takes for all `instants`.

    Args:
        source: whom to ask; it must answer for the signal's past.
        signal: what to ask for.
        instants: in rising order; some of them, spread over the span, are asked for.
        now: when they are asked for, by our clock.
        clock: seconds, monotonic.

    Raises:
        SourceError: as `source.past`.
    """
    estimate = timedelta(0)
    for count in _TRIALS:
        trial = spread(instants, count)
        if not trial:
            break
        began = clock()
        await source.past(signal, trial, now)
        took = timedelta(seconds=clock() - began)
        estimate = took * (len(instants) / len(trial))
        if len(trial) == len(instants) or took >= (_SURELY_TELLING if count == 1 else _TELLING):
            break
    return estimate


def spread(instants: Sequence[datetime], count: int) -> Sequence[datetime]:
    """Choose at most `count` instants: the middles of as many equal parts of the span."""
    if count >= len(instants):
        return instants
    return [instants[(2 * i + 1) * len(instants) // (2 * count)] for i in range(count)]
