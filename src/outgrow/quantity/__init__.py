"""Quantities as people write them: durations, rates, ratios, bytes, money, counts.

A plan says `800 ms`, `60 %`, `512 MiB`, `10_000 per day`, `30 USD`, `14d`. Each is parsed once, compared exactly in the
unit of the signal it meets, and shown back the way it was written. Pure: no clock, no I/O.
"""

from outgrow.quantity.duration import Duration, format_duration
from outgrow.quantity.shown import counted, format_in, format_number, natural_unit
from outgrow.quantity.threshold import Quantity, parse_quantity
from outgrow.quantity.unit import ONE, PERCENT, RATIO, Unit, parse_unit

__all__ = [
    "ONE",
    "PERCENT",
    "RATIO",
    "Duration",
    "Quantity",
    "Unit",
    "counted",
    "format_duration",
    "format_in",
    "format_number",
    "natural_unit",
    "parse_quantity",
    "parse_unit",
]
