"""Roll-ups as columns, and the merging of what different tiers know of one bucket."""

from collections.abc import Iterable
from datetime import datetime

from outgrow.facts.rollups import Resolution, Rollup, merged
from outgrow.facts.samples import SeriesKey

RollupColumns = tuple[datetime, int, int, float | None, float | None, float | None, float | None, float | None]
"""start, count, missing, low, high, first, last, total."""


def merged_columns(
    series: Iterable[tuple[SeriesKey, Iterable[RollupColumns]]], resolution: Resolution
) -> list[tuple[SeriesKey, Rollup]]:
    """Give one roll-up per series and bucket, by time, then by labels.

    A bucket that is partly rolled up already comes in several parts, the older tier first.
    """
    found: list[tuple[SeriesKey, Rollup]] = []
    for key, columns in series:
        buckets: dict[datetime, list[Rollup]] = {}
        for start, count, missing, low, high, first, last, total in columns:
            part = Rollup(start, resolution, count, missing, low, high, first, last, total)
            buckets.setdefault(start, []).append(part)
        found += (
            (key, parts[0] if len(parts) == 1 else merged(parts, start, resolution)) for start, parts in buckets.items()
        )
    return sorted(found, key=lambda each: (each[1].start, each[0].labels))
