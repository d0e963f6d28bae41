"""The decision process: when a team looks at its plan (KC-9), and which signals its dashboards show (KC-8)."""

import re
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared, Name, Reference

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _time_of_day(raw: object) -> object:
    if isinstance(raw, str) and _TIME_OF_DAY.fullmatch(raw):
        return raw
    raise PydanticCustomError("time", 'expected a time of day; write for example "16:00"')


class Review(Declared):
    """A weekly look at the plan: collect, compare, decide on next week's action."""

    on: Weekday = "friday"
    """The day of the week."""
    at: Annotated[str, BeforeValidator(_time_of_day)] = "10:00"
    """The time of day in the plan's zone, such as "16:00"."""
    agenda: tuple[str, ...] = ()
    """What is done, in order."""
    notify: tuple[Name, ...] = ()
    """Channels that receive the report."""


class Dashboard(Declared):
    """A page of signals for people."""

    title: str = ""
    """Its name."""
    signals: Annotated[tuple[Reference, ...], Field(min_length=1)]
    """What it shows, in order."""
