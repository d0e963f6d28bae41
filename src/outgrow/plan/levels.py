"""Levels: bands of a signal that say target, warning or danger (AE-8)."""

from enum import StrEnum
from typing import Final

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared, Name
from outgrow.quantity import Quantity


class Band(StrEnum):
    """Where a value lies."""

    TARGET = "target"
    ABOVE_TARGET = "above target"
    WARNING = "warning"
    DANGER = "danger"


class Level(Declared):
    """Three figures that cut a signal's range into four bands without gap or overlap.

    Rising figures mean that large values are the problem (CPU, latency): below `target` is on target, from `warning` on
    is a warning, from `danger` on is danger, and what lies between target and warning is above target. Falling figures
    (availability, hit ratio) are read the other way round.
    """

    signal: Name
    """Which signal is judged."""
    title: str = ""
    """A name for people."""
    target: Quantity
    """Where the target ends."""
    warning: Quantity
    """Where the warning begins."""
    danger: Quantity
    """Where the danger begins."""

    @model_validator(mode="after")
    def _figures_run_one_way(self) -> "Level":
        figures = [
            figure.value * (figure.unit.scale if figure.unit else 1.0)
            for figure in (self.target, self.warning, self.danger)
        ]
        rises = figures[0] <= figures[1] < figures[2]
        falls = figures[0] >= figures[1] > figures[2]
        if not (rises or falls):
            raise PydanticCustomError(
                "levels", "target, warning and danger overlap: they must all rise or all fall, such as 50 %, 70 %, 85 %"
            )
        return self

    @property
    def rising(self) -> bool:
        """Whether larger values are the problem."""
        return self.danger.value * (self.danger.unit.scale if self.danger.unit else 1.0) > self.warning.value * (
            self.warning.unit.scale if self.warning.unit else 1.0
        )


BAND_ORDER: Final = (Band.TARGET, Band.ABOVE_TARGET, Band.WARNING, Band.DANGER)
