"""What bounds every scaling policy: hours of the calendar, a budget, a database's connections, a pause."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, Flag
from outgrow.plan.source_options import Timezone
from outgrow.quantity import Duration

_SHORTEST_SPAN: Final = Duration.parse("1m")
_LONGEST_SPAN: Final = Duration.parse("31d")
_FIELDS: Final = 5
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _cron(text: str) -> str:
    """Read five fields as Debian's cron does.

    Raises:
        PydanticCustomError: not five fields, or a field that cannot be read.
    """
    try:
        if len(text.split()) == _FIELDS and next(CronSim(text, _SOME_TIME), None) is not None:
            return text
    except CronSimError:
        pass
    raise PydanticCustomError(
        "cron",
        '"{text}" is no moment that comes again; write minute hour day month weekday, such as 0 8 * * 1-5',
        {"text": text},
    )


Cron = Annotated[str, AfterValidator(_cron)]
"""Minute, hour, day of the month, month and weekday: `0 8 * * 1-5` is 8 o'clock from Monday to Friday."""


class Schedule(Declared):
    """Hours in which other bounds hold, such as working days or a sale.

    Of several that hold at once the highest `min` and the lowest `max` count.
    """

    title: str = ""
    """A name for people."""
    start: Cron
    """When it begins: minute, hour, day of the month, month, weekday."""
    end: Cron | None = None
    """When it ends, in the same form; or `span`."""
    span: Duration | None = None
    """How long it lasts, at most 31d; or `end`."""
    timezone: Timezone | None = None
    """The zone of its clock; the plan's unless given. A start that summer time skips or repeats comes once."""
    min: Annotated[Count, Field(ge=0)] | None = None
    """The fewest replicas in these hours, where it is more than the policy's own."""
    max: Annotated[Count, Field(gt=0)] | None = None
    """The most replicas in these hours, in place of the policy's own."""

    @model_validator(mode="after")
    def _has_an_end_and_an_effect(self) -> Self:
        if (self.end is None) == (self.span is None):
            raise PydanticCustomError("schedule", "a schedule has either an end or a span; write for example span: 12h")
        if self.span is not None and not _SHORTEST_SPAN <= self.span <= _LONGEST_SPAN:
            raise PydanticCustomError("schedule", "a span lies between 1m and 31d")
        if self.min is None and self.max is None:
            raise PydanticCustomError("schedule", "a schedule changes nothing; give it a min or a max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError("schedule", "min is above max; let min be at most max")
        return self


class Caps(Declared):
    """What replicas may cost; a cap lowers a decision, but never below the policy's `min`."""

    budget_per_month: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Money for one calendar month of the plan's zone, in the currency of the service's `price_per_hour`."""
    pace: Literal["reserve", "even"] = "reserve"
    """`reserve` lets replicas come as long as the rest of the month can still be run at `min`; `even` lets the money
    that is left last for the rest of the month at one number of replicas."""
    database_pool: Flag = True
    """Whether the connections of the service's `pool` may take at most 80 % of the database's max_connections."""


Pause = Literal["all", "in", "out"] | Annotated[Count, Field(ge=0)]
"""`all` changes nothing, `in` takes no replica away, `out` adds none; a number holds exactly so many."""
