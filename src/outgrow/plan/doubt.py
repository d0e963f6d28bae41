"""A doubt: what is questionable about a part of a plan, before it is worded as a problem at its place."""

from typing import NamedTuple

from outgrow.plan.yaml_tree import Path


class Doubt(NamedTuple):
    """Where, what, and what to do about it; `what` stays a sentence behind the path."""

    path: Path
    what: str
    remedy: str
