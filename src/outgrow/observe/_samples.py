"""How the adapters without SQL make samples: a finite number in the signal's unit, or the reason why there is none."""

import math
from datetime import datetime

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Measured, Missing, Origin, Sample
from outgrow.plan.signals import QuerySignal
from outgrow.quantity import Unit


def sample_of(
    value: float,
    at: datetime,
    observed_at: datetime,
    *,
    newest: datetime | None = None,
    origin: Origin = Origin.LIVE,
) -> Sample:
    """Make a sample of a number that may be NaN or infinite."""
    if not math.isfinite(value):
        return Missing(at, Absence.NOT_A_NUMBER, f"the value is {value}", observed_at, origin)
    return Measured(at, value, observed_at, newest=newest, origin=origin)


def in_unit_of(signal: QuerySignal, value: float, native: Unit, what: str) -> float:
    """Convert what a source measures in `native` into the signal's unit.

    Raises:
        SourceError: the signal's unit measures something else, so that its thresholds would compare wrongly.
    """
    if not native.comparable_with(signal.measure):
        stated = f'the signal\'s unit is "{signal.unit}"' if signal.unit else "the signal has no unit"
        raise SourceError(
            Failure.BAD_QUERY, f"{what} is measured in {native.name}, but {stated}", f"write unit: {native.name}"
        )
    return native.convert(value, signal.measure)


def refuse_labels(signal: QuerySignal, what: str) -> None:
    """Refuse `by` where there is nothing to tell series apart by.

    Raises:
        SourceError: the signal has `by`.
    """
    if signal.by:
        raise SourceError(Failure.BAD_QUERY, f"{what} has no labels, but the signal says by", "remove by")


def no_past(why: str) -> SourceError:
    """Make the error of a source that is asked for a past which it does not have."""
    return SourceError(Failure.NOT_CONFIGURED, why, "ask for the present only; the journal fills from then on")
