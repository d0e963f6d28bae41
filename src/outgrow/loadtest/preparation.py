"""What a run needs before it begins: an engine, looked up and worked out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

from outgrow.errors import RefusedError
from outgrow.loadtest.course import Rotation, Timetable, arrivals_of, most_under_way, timetable_of
from outgrow.loadtest.doors import door_of
from outgrow.loadtest.drivers import driver_for
from outgrow.loadtest.engine import Engine, Orders, Told
from outgrow.loadtest.exchanges import Line
from outgrow.loadtest.feeders import Feeder, rows_of
from outgrow.loadtest.flows import columns_used, flows_of
from outgrow.loadtest.orders import ShareOrders, target_of
from outgrow.loadtest.pacing import ClosedPace, OpenPace
from outgrow.loadtest.record import Lateness
from outgrow.loadtest.requests import place_of
from outgrow.loadtest.schedule import WHOLE, Share
from outgrow.loadtest.visits import Fed, Visits
from outgrow.plan.scenarios import Scenario
from outgrow.quantity import format_duration

_USUAL_CONNECTIONS: Final = 1_000
_MOST_DEVIATIONS: Final = 5.0
"""Arrivals by chance are fewer than expected by more than this many standard deviations once in three million runs."""
_GRACE_SECONDS: Final = 2.0
_GRACEFUL_SECONDS: Final = 30.0


def timetable_by(orders: ShareOrders) -> Timetable:
    """Work out a scenario's course.

    Raises:
        UsageError: a trace cannot be read.
    """
    return timetable_of(orders.scenario, orders.base, f"scenarios.{orders.name}.trace")


def refuse_beyond_ceiling(scenario: Scenario, timetable: Timetable) -> None:
    """Let no scenario do more than its ceiling allows.

    Raises:
        RefusedError: its rate, its users or its duration are above it.
    """
    ceiling = scenario.ceiling
    most, what, option = ceiling.rps, "requests a second", "rps"
    if scenario.is_closed:
        most, what, option = ceiling.vus, "users", "vus"
    if timetable.highest > most:
        raise RefusedError(
            f"the scenario reaches {timetable.highest:,g} {what}, above its ceiling of {most:,g}; "
            f"if that is meant, add ceiling: {{{option}: {timetable.highest:g}}}"
        )
    if timetable.seconds > ceiling.duration.total_seconds():
        raise RefusedError(
            f"the scenario takes {timetable.seconds:,.0f} s, above its ceiling of {format_duration(ceiling.duration)}; "
            f"if that is meant, add ceiling: {{duration: {timetable.seconds:.0f}s}}"
        )


async def engine_for(orders: ShareOrders, told: Told, share: Share = WHOLE) -> Engine:
    """Look everything up that a share of a run needs; nothing is sent yet.

    Raises:
        RefusedError: the target is not near and not allowed by name.
        UsageError: a variable that the target names holds no address, or a file does not hold what it should.
        SourceError: the target has no address or does not tell what must be known of it, or an environment variable
            is not set.
    """
    scenario, target, timetable, lateness = orders.scenario, target_of(orders), timetable_by(orders), Lateness()
    flows = flows_of(orders, place_of(target, scenario, orders.environment))
    users = most_under_way(scenario, timetable)
    rotation = Rotation(flows.weights, users, share)
    visits = Visits(flows, rotation, lateness, orders.values)
    visits.feeds = _feeds(orders, rotation, timetable, users)
    if scenario.is_closed:
        pace = ClosedPace(visits, timetable.rate, lateness, scenario.iterations, scenario.made_by, share)
    else:
        pace = OpenPace(visits, arrivals_of(scenario, share, timetable), rotation.users, lateness)
    timeout = scenario.timeout.total_seconds()
    graceful = max(timeout, _GRACEFUL_SECONDS)
    if scenario.graceful_stop is not None:
        graceful = scenario.graceful_stop.total_seconds()
    connections = scenario.connections or min(users, _USUAL_CONNECTIONS)
    line = Line(
        await door_of(scenario, target, orders.environment, orders.base, orders.name),
        max(1, len(range(share.index, connections, share.of))),
        timeout,
        scenario.http,
    )
    driver = driver_for(line, flows, visits, orders.base)
    try:
        await driver.prepare()
    except BaseException:
        await driver.aclose()
        raise
    return Engine(
        Orders(
            driver=driver,
            visits=visits,
            pace=pace,
            lateness=lateness,
            timeout_seconds=timeout,
            graceful_seconds=graceful,
            grace_seconds=min(timeout, _GRACE_SECONDS),
        ),
        told,
    )


def _feeds(orders: ShareOrders, rotation: Rotation, timetable: Timetable, users: int) -> Mapping[int, Sequence[Fed]]:
    """Read the data that flows use.

    Raises:
        UsageError: a file does not hold what it should, or too few rows.
    """
    scenario, found = orders.scenario, defaultdict[int, list[Fed]](list)
    for name, by_flow in columns_used(scenario).items():
        place, feed = f"scenarios.{orders.name}.data.{name}", scenario.data[name]
        if not by_flow:
            continue
        wanted = [column for columns in by_flow.values() for column in columns]
        rows = rows_of(feed, wanted, orders.base, place)
        feeder = Feeder(feed, rows, rotation, frozenset(by_flow), scenario.seed)
        arrivals = _arrivals_known(scenario, timetable, users)
        by_chance = not scenario.is_closed and scenario.arrivals != "even"
        feeder.refuse_if_short(arrivals, users, place, _MOST_DEVIATIONS * sqrt(arrivals or 0) if by_chance else 0)
        for index, columns in by_flow.items():
            found[index].append((feeder, [(f"{name}.{column}", rows.columns[column]) for column in columns]))
    return found


def _arrivals_known(scenario: Scenario, timetable: Timetable, users: int) -> int | None:
    """Say how many arrivals there will be, by chance about so many; none where the target decides."""
    if scenario.is_closed:
        each = users if scenario.made_by == "per-vu-iterations" else 1
        return None if scenario.iterations is None else scenario.iterations * each
    return timetable.planned
