"""The decision process: when a team looks at its plan (KC-9), and which signals its dashboards show (KC-8)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from outgrow.plan.model import Declared, Name

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Review(Declared):
    """A weekly look at the plan: collect, compare, decide on next week's action."""

    on: Weekday = "friday"
    """The day of the week."""
    at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "10:00"
    """The time of day in the plan's zone, such as "16:00"."""
    agenda: tuple[str, ...] = ()
    """What is done, in order."""
    notify: tuple[Name, ...] = ()
    """Channels that receive the report."""


class Dashboard(Declared):
    """A page of signals for people."""

    title: str = ""
    """Its name."""
    signals: Annotated[tuple[Name, ...], Field(min_length=1)]
    """What it shows, in order."""
