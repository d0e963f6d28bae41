"""Rulers that compare the unlike: headroom on one scale, crossings on one axis, deadlines on one track.

All positions are percentages of the ruler's width. Pictures of these rulers show more than their words do only at a
glance: every one carries the sentence that says the same.
"""

from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final

from outgrow.report.views import CrossingView, HeadroomView

THRESHOLD_AT: Final = 100 * 2 / 3
"""Where every threshold stands, so that those of unlike signals form one line; the ruler ends at 150 %."""
INK_FROM: Final = 0.8
"""From this share of the threshold on a bar is drawn in ink."""
AXIS_DAYS: Final = 90
"""The end of the crossing axis. By the square root of time, for near dates need room: a week stands at 28 %."""
AXIS_TICKS: Final = (("now", 0), ("week", 7), ("month", 30), ("quarter", 90))


@dataclass(frozen=True, slots=True)
class Ruler:
    """A value against its threshold: the bar up to the threshold, and what lies over it, in percent of the width."""

    filled: str
    over: str
    strong: bool
    clipped: bool


def ruler(headroom: HeadroomView) -> Ruler | None:
    """Place a headroom on the ruler; None where no share can be taken (a threshold of zero)."""
    if headroom.used is None:
        return None
    reach = max(0.0, headroom.used) * THRESHOLD_AT
    return Ruler(
        filled=percent(min(reach, THRESHOLD_AT)),
        over=percent(min(reach, 100.0) - THRESHOLD_AT) if reach > THRESHOLD_AT else "",
        strong=headroom.used >= INK_FROM,
        clipped=reach > 100.0,  # noqa: PLR2004 (the end of the ruler)
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """A crossing on the axis: the dot, its interval as left edge and width, the start-by flag; empty where absent.

    `beyond` says that the date lies past the axis' end.
    """

    dot: str = ""
    left: str = ""
    width: str = ""
    flag: str = ""
    held: bool = False
    beyond: bool = False


def axis(crossing: CrossingView) -> Axis:
    """Place a crossing on the axis."""
    if crossing.held:
        return Axis(dot=percent(0), held=True)
    if crossing.days is None:
        return Axis()
    low = place_of(crossing.days_low if crossing.days_low is not None else crossing.days)
    high = place_of(crossing.days_high) if crossing.days_high is not None else 100.0
    beyond = crossing.days > AXIS_DAYS
    return Axis(
        dot="" if beyond else percent(place_of(crossing.days)),
        left=percent(low),
        width=percent(max(high - low, 0.0)),
        flag=""
        if crossing.start_days is None or crossing.start_days > AXIS_DAYS
        else percent(place_of(crossing.start_days)),
        beyond=beyond,
    )


def place_of(days: float) -> float:
    """Give a day's place on the crossing axis, in percent: the root of its share of the axis; the past is now."""
    return 100 * sqrt(min(max(days, 0.0), AXIS_DAYS) / AXIS_DAYS)


@dataclass(frozen=True, slots=True)
class Post:
    """One deadline on a track: where it stands, what it is called, when it is, and whether it has passed."""

    at: str
    name: str
    moment: str
    distance: str
    late: bool
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Track:
    """Deadlines from the moment they began to run: posts in time order, and where now stands."""

    now: str
    posts: tuple[Post, ...]
    began: str
    late: bool


def place_between(moment: datetime, start: datetime, end: datetime) -> float:
    """Give the place of a moment between two others, in percent; moments outside stand at the ends."""
    span = (end - start).total_seconds()
    return 100 * min(1.0, max(0.0, (moment - start).total_seconds() / span)) if span > 0 else 0.0


def percent(value: float) -> str:
    """Write a percentage for an SVG attribute."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"
