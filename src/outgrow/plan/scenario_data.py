"""Data that a scenario's arrivals are fed with."""

from typing import Literal

from outgrow.plan.model import Declared


class Feed(Declared):
    """Rows of a file, one for each arrival or session: `{people.email}` is the column `email` of the data `people`."""

    file: str
    """A CSV file with a heading (perhaps .gz), or JSON lines (.jsonl), relative to the plan."""
    order: Literal["sequential", "random", "unique"] = "sequential"
    """One row after another and again from the first; by chance (the same for the same `seed`); or each row once, so
    that an arrival for which there is none is not sent."""
    per: Literal["arrival", "session"] = "arrival"
    """Whether each arrival has a row of its own, or each session has one that it keeps."""
