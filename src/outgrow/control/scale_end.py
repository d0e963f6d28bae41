"""Ending a service's replicas in order: none ordered, all drained, and then what stood before them."""

from collections.abc import Callable
from typing import Final

import anyio

from outgrow.ports import Actuator

_STEP_SECONDS: Final = 0.2


async def end_all(actuator: Actuator, told: Callable[[str], None]) -> None:
    """Order none, tend until none is left, and put away what the actuator had put before them.

    Raises:
        ActuatorError: they cannot be ended.
    """
    await actuator.scale_to(0)
    left = -1
    while True:
        for sentence in await actuator.tend():
            told(sentence)
        found = await actuator.replicas()
        if not found.each:
            break
        if len(found.each) != left:
            left = len(found.each)
            told(f"{left} left: {', '.join(f'{each.name} {each.phase.value}' for each in found.each[:6])}")
        await anyio.sleep(_STEP_SECONDS)
    await actuator.put_away()
