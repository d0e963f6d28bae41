"""Levels: bands of a signal that say target, warning or danger (AE-8)."""

from enum import StrEnum
from fractions import Fraction
from typing import Final

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared, Reference
from outgrow.quantity import Quantity
from outgrow.quantity.written import exact


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

    signal: Reference
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
        figures = (self.target, self.warning, self.danger)
        units = [figure.unit for figure in figures if figure.unit is not None]
        if units and (len(units) < len(figures) or not all(units[0].comparable_with(unit) for unit in units)):
            raise PydanticCustomError("levels", "target, warning and danger are written in different units; write one")
        target, warning, danger = (_size(figure) for figure in figures)
        if not (target <= warning < danger or target >= warning > danger):
            raise PydanticCustomError(
                "levels", "target, warning and danger overlap; let all rise or all fall, such as 50 %, 70 %, 85 %"
            )
        return self

    @property
    def rising(self) -> bool:
        """Whether larger values are the problem."""
        return _size(self.danger) > _size(self.warning)


def _size(figure: Quantity) -> Fraction:
    return exact(figure.value) * (figure.unit.scale if figure.unit else 1)


BAND_ORDER: Final = (Band.TARGET, Band.ABOVE_TARGET, Band.WARNING, Band.DANGER)
