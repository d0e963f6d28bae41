"""Alerts: single conditions that someone is told of, beside the checkpoints (KC-8)."""

from typing import Literal

from outgrow.plan.checkpoints import Condition
from outgrow.plan.model import Declared, Name


class Alert(Declared):
    """A condition that is worth a message of its own, such as "daily AI cost above 30 USD"."""

    title: str = ""
    """A name for people."""
    condition: Condition
    """What is watched."""
    severity: Literal["info", "warning", "critical"] = "warning"
    """How loud it is."""
    notify: tuple[Name, ...] = ()
    """Channels that are told."""
    text: str = ""
    """What it means and what to do."""
