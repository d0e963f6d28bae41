"""Levels: in which band of target, warning and danger a value lies (AE-8)."""

from outgrow.plan.levels import Band, Level
from outgrow.quantity import Unit


def band(level: Level, value: float, unit: Unit) -> Band:
    """Give the one band of a value.

    Args:
        level: three figures; rising ones mean that large values are the problem, falling ones that small ones are.
        value: in `unit`, finite.
        unit: the signal's.

    Returns:
        Rising: target below the first figure, warning from the second on, danger from the third on, above target in
        between. Falling: the same the other way round.

    Raises:
        ValueError: the level's figures cannot be compared with `unit`.
    """
    sign = 1.0 if level.rising else -1.0
    target, warning, danger = (sign * each.in_unit(unit) for each in (level.target, level.warning, level.danger))
    height = sign * value
    if height >= danger:
        return Band.DANGER
    if height >= warning:
        return Band.WARNING
    return Band.TARGET if height < target else Band.ABOVE_TARGET
