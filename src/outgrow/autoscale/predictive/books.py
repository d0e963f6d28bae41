"""What every level would have cost and left unserved, and which one is followed.

Each level is followed as if it had been the policy: what it would have asked for, held as the policy holds, ready one
start-up later, gone at once. So a level's figures have the hold, the whole replicas and the bounds in them. The
reactive rule is followed in the same way, with an HPA's tolerance: it is what the forecast has to beat. And so is
what was really followed.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np

from outgrow.autoscale.predictive.state import LEVELS, Books, Floats

_REFRESH_SECONDS: Final = 300
"""How often a level is chosen; the balance is remembered for days."""
_BALANCE_HALF_LIFE: Final = 4 * 86_400
_RECENT_HALF_LIFE: Final = 3600
_TOLERANCE: Final = 0.1
_JUDGED_AT: Final = 15
"""The level (99 %) at which the forecast is held against the reactive rule."""
_MISTRUSTED_ABOVE: Final = 1.5
_TRUSTED_BELOW: Final = 1.0
_ROUNDING: Final = 1e-9
_MOST_CORRECTED: Final = 0.25
"""By at most this share of it head-room shrinks for what was spent beyond it."""
_REACTIVE: Final = len(LEVELS)
_OWN: Final = len(LEVELS) + 1
_COLUMNS: Final = len(LEVELS) + 2


@dataclass(frozen=True, slots=True)
class Span:
    """Times in slots: until an order serves (`lead`), how old a reading is (`lag`), how long all is held (`hold`)."""

    lead: int
    lag: int
    hold: int


@dataclass(frozen=True, slots=True)
class Dial:
    """What the policy's dials allow: shares of demand unserved, cost above a follower's, and the bounds."""

    unserved: float
    headroom: float
    tolerated: float
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Asks:
    """What a moment asks for.

    `levels` is the load to order for at each level; without them all follow the reactive rule, which asks for
    `reactive` replicas. `trusted` says whether the forecast decides.
    """

    levels: Floats | None
    reactive: float
    trusted: bool


def no_books() -> Books:
    """Give the memory of orders that have never been made."""
    nothing = np.zeros(_COLUMNS)
    return Books(
        -1,
        np.empty((0, _COLUMNS)),
        np.empty((0, _COLUMNS)),
        nothing,
        nothing,
        0.0,
        0.0,
        (0.0, 0.0),
        len(LEVELS) - 1,
        -1,
    )


def forgotten(books: Books) -> Books:
    """Drop what would run now, and keep the balance."""
    return replace(books, slot=-1, asked=np.empty((0, _COLUMNS)), orders=np.empty((0, _COLUMNS)))


def balanced(books: Books, slot: int, recent: Floats, step: float, span: Span, dial: Dial) -> Books:
    """Take in the load of one more slot, the last of `recent` (replicas, oldest first).

    Args:
        books: before.
        slot: since 1970, later than that of the books.
        recent: without gaps.
        step: seconds of a slot.
        span: how far ahead orders are made, and how long they are held.
        dial: for the bounds.
    """
    if books.slot < 0:
        return books
    missed = slot - 1 - books.slot
    if missed > 0:
        # Nobody decided in between: what was asked for last still stood.
        missed = min(missed, span.hold + span.lead)
        books = replace(books, slot=slot - 1, asked=_stood(books.asked, missed), orders=_stood(books.orders, missed))
    if len(books.orders) < span.lead:
        return books
    load = float(recent[-1])
    needed = _within(load, dial)
    # What was ordered one lead ago was ready, but for what was let go since, up to the moment that the reading is of.
    first = len(books.orders) - span.lead
    ready = books.orders[first : max(len(books.orders) - span.lag, first + 1)].min(axis=0)
    fade, soon = 0.5 ** (step / _BALANCE_HALF_LIFE), 0.5 ** (step / _RECENT_HALF_LIFE)
    asked, share = books.asked[-span.lead], float(LEVELS[_JUDGED_AT])
    missing = (load - float(asked[_JUDGED_AT]), load - float(asked[_REACTIVE]))
    lost = [max(share * each, (share - 1) * each) for each in missing]
    return Books(
        books.slot,
        books.asked,
        books.orders,
        unserved=books.unserved * fade + np.maximum(needed - ready, 0.0),
        ran=books.ran * fade + ready,
        demand=books.demand * fade + needed,
        follower=books.follower * fade + _within(float(recent[-span.hold :].max()), dial),
        recent=(books.recent[0] * soon + lost[0], books.recent[1] * soon + lost[1]),
        level=books.level,
        chosen=books.chosen,
    )


def entered(books: Books, slot: int, step: float, asks: Asks, span: Span, dial: Dial) -> Books:
    """Enter what every level asks for in a slot, and choose the level to follow every few minutes.

    A slot that is decided again takes the place of its first entry.

    Args:
        books: before.
        slot: since 1970.
        step: seconds of a slot.
        asks: what each asks for.
        span: how long all is held.
        dial: for the bounds.
    """
    asked, orders = (books.asked, books.orders) if books.slot != slot else (books.asked[:-1], books.orders[:-1])
    level, when = books.level, books.chosen
    if books.demand > 0 and not 0 <= (slot - when) * step < _REFRESH_SECONDS:
        level, when = chosen(books, dial), slot
    ran = float(orders[-1, _REACTIVE]) if len(orders) else 0.0
    row = np.empty(_COLUMNS)
    row[:_REACTIVE] = asks.reactive if asks.levels is None else asks.levels
    row[_REACTIVE] = ran if ran > 0 and abs(asks.reactive / ran - 1) <= _TOLERANCE else asks.reactive
    row[_OWN] = row[level] if asks.trusted else asks.reactive
    row = np.minimum(np.maximum(np.ceil(row - _ROUNDING), max(dial.least, 1)), max(dial.most, 1))
    asked = np.concatenate([asked[1 - max(span.hold, span.lead + 1) :], row[None]])
    held = asked[-span.hold :].max(axis=0)
    orders = np.concatenate([orders[-span.lead :], held[None]])
    return Books(
        slot,
        asked,
        orders,
        books.unserved,
        books.ran,
        books.demand,
        books.follower,
        books.recent,
        level,
        when,
    )


def chosen(books: Books, dial: Dial) -> int:
    """Choose the level to follow.

    Returns:
        Its index in `LEVELS`. The lowest that has kept `unserved`, unless one within `headroom` is all that may be
        spent. Where that leaves more than `tolerated`, the lowest that keeps `tolerated`, as far as it costs no more
        than the reactive rule.
    """
    if books.demand <= 0:
        return len(LEVELS) - 1
    unserved, ran = books.unserved[:_REACTIVE], books.ran[:_REACTIVE]
    # Going from level to level costs more than any of them, for what is held is held across them.
    beyond = float(books.ran[_OWN]) / books.follower - 1 - dial.headroom
    headroom = dial.headroom - min(max(beyond, 0.0), _MOST_CORRECTED * dial.headroom)
    affordable = _highest(ran <= (1 + headroom) * books.follower)
    first = min(_lowest(unserved <= dial.unserved * books.demand), affordable)
    if float(unserved[first]) <= dial.tolerated * books.demand:
        return first
    least = _lowest(unserved <= dial.tolerated * books.demand)
    return max(first, min(least, _highest(ran <= float(books.ran[_REACTIVE]))))


def own_unserved(books: Books) -> float | None:
    """Give the share of the demand that was left unserved by what was followed; None while nothing is known."""
    return float(books.unserved[_OWN]) / books.demand if books.demand > 0 else None


def own_headroom(books: Books) -> float | None:
    """Give by what share what was followed outnumbered a perfect follower; None while nothing is known."""
    return float(books.ran[_OWN]) / books.follower - 1 if books.demand > 0 else None


def mistrusted(books: Books, *, already: bool) -> bool:
    """Say whether the reactive rule alone has lately been the better one; trust is lost later than it is kept away."""
    forecast, reactive = books.recent
    return forecast > (_TRUSTED_BELOW if already else _MISTRUSTED_ABOVE) * reactive > 0


def _stood(rows: Floats, slots: int) -> Floats:
    return np.concatenate([rows, np.repeat(rows[-1:], slots, axis=0)])


def _within(load: float, dial: Dial) -> float:
    return float(min(max(ceil(load - _ROUNDING), dial.least, 1), max(dial.most, 1)))


def _lowest(fits: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    return int(fits.argmax()) if fits.any() else len(fits) - 1


def _highest(fits: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    return len(fits) - 1 - int(fits[::-1].argmax()) if fits.any() else 0
