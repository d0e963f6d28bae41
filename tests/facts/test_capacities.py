"""What is known of a capacity: measured, or at least so much."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from outgrow.facts.capacities import Capacity, capacities_in, capacity_event, newest_capacity

DAY = timedelta(days=1)
FIRST = datetime(2026, 7, 1, tzinfo=UTC)
MEASURED = Capacity("shop", FIRST, 20, 21, 1, "peak", "p95 <= 100 ms", confirmed=True)


def newest(*kept: Capacity) -> Capacity | None:
    return newest_capacity([capacity_event(each, each.at) for each in kept], "shop")


def test_the_capacity_measured_last_counts():
    later = replace(MEASURED, at=FIRST + DAY, rate=30)

    assert newest(later, MEASURED) == later


def test_a_lower_bound_found_later_replaces_no_measured_capacity():
    bound = replace(MEASURED, at=FIRST + DAY, rate=5, broken=None, at_least=True)

    assert newest(MEASURED, bound) == MEASURED


def test_a_lower_bound_counts_where_nothing_was_measured():
    bound = replace(MEASURED, rate=5, broken=None, at_least=True)

    assert newest(bound) == bound
    assert str(capacity_event(bound, FIRST).detail["text"]).startswith("at least 5 arrivals/s")


def test_what_an_earlier_outgrow_kept_once_is_read_as_a_lower_bound():
    event = capacity_event(replace(MEASURED, confirmed=False), FIRST)
    earlier = replace(event, detail={key: told for key, told in event.detail.items() if key != "at_least"})

    assert [each.at_least for each in capacities_in([earlier])] == [True]
