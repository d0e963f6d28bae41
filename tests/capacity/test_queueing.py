import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outgrow.capacity.queueing import MOST_SERVERS, Steady, Traffic, Unstable, erlang_b, erlang_c, queue
from outgrow.errors import UsageError

SERVERS = st.integers(1, 200)
BUSY = st.floats(0.01, 0.99)
SERVICE = st.floats(1e-4, 1e3)


def steady(arrival_rps: float, service_seconds: float, servers: int = 1) -> Steady:
    found = queue(Traffic(arrival_rps, service_seconds, servers))
    assert isinstance(found, Steady)
    return found


def at(utilisation: float, service_seconds: float, servers: int) -> Steady:
    return steady(utilisation * servers / service_seconds, service_seconds, servers)


@pytest.mark.parametrize(
    ("load", "servers", "turned_away"),
    [(1, 1, 0.5), (2, 2, 0.4), (3, 2, 9 / 17), (0, 3, 0), (5, 0, 1), (0, 0, 1)],
)
def test_erlang_b_is_what_its_formula_gives_by_hand(load: float, servers: int, turned_away: float):
    assert erlang_b(load, servers) == pytest.approx(turned_away)


def test_a_hundred_and_seventeen_lines_turn_away_one_call_in_a_hundred_of_a_hundred_erlangs():
    # as every table of Erlang B has it
    assert erlang_b(100, 117) < 0.01 < erlang_b(100, 116)


def test_two_servers_at_sixty_percent_let_forty_five_percent_wait():
    # M/M/2: C = 2 u^2 / (1 + u)
    assert erlang_c(1.2, 2) == pytest.approx(0.45)


@given(load=st.floats(0.01, 60), servers=st.integers(1, 60))
def test_the_recursion_is_erlangs_sum(load: float, servers: int):
    # given the definition with its powers and factorials, in logarithms
    terms = [busy * math.log(load) - math.lgamma(busy + 1) for busy in range(servers + 1)]
    highest = max(terms)
    parts = [math.exp(each - highest) for each in terms]

    # then
    assert erlang_b(load, servers) == pytest.approx(parts[-1] / sum(parts), rel=1e-9)


@given(utilisation=BUSY, servers=SERVERS)
def test_more_wait_than_would_be_turned_away(utilisation: float, servers: int):
    load = utilisation * servers
    assume(erlang_b(load, servers) > 0)
    assert erlang_b(load, servers) < erlang_c(load, servers) <= 1


@given(load=st.floats(0.01, 300), servers=SERVERS, more=st.floats(0.01, 10))
def test_more_load_turns_away_and_keeps_waiting_more(load: float, servers: int, more: float):
    assert erlang_b(load + more, servers) >= erlang_b(load, servers)
    assert erlang_c(load + more, servers) >= erlang_c(load, servers)
    assert erlang_b(load, servers + 1) <= erlang_b(load, servers)
    assert erlang_c(load, servers + 1) <= erlang_c(load, servers)


@given(utilisation=BUSY, service=SERVICE, percentile=st.floats(1, 99.9))
def test_one_server_is_the_textbook_queue(utilisation: float, service: float, percentile: float):
    # given M/M/1, whose times are exponential
    found = at(utilisation, service, 1)
    response = service / (1 - utilisation)

    # then
    assert found.wait_probability == pytest.approx(utilisation)
    assert found.mean_response_seconds == pytest.approx(response)
    assert found.mean_present == pytest.approx(utilisation / (1 - utilisation))
    expected = -response * math.log(1 - percentile / 100)
    assert found.response_percentile_seconds(percentile) == pytest.approx(expected, rel=1e-6)


@given(utilisation=BUSY, service=SERVICE, servers=SERVERS)
def test_littles_law_ties_requests_and_times(utilisation: float, service: float, servers: int):
    found = at(utilisation, service, servers)
    assert found.mean_present == pytest.approx(found.traffic.arrival_rps * found.mean_response_seconds)
    # those present are those waiting and those in service
    assert found.mean_present == pytest.approx(found.mean_waiting + found.traffic.load)
    assert found.traffic.utilisation == pytest.approx(utilisation)


@given(utilisation=BUSY, more=st.floats(0.001, 0.9), service=SERVICE, servers=SERVERS)
def test_a_busier_queue_is_a_slower_one(utilisation: float, more: float, service: float, servers: int):
    less_busy, busier = (
        at(each, service, servers) for each in (utilisation, utilisation + more * (0.995 - utilisation))
    )
    assert busier.mean_wait_seconds >= less_busy.mean_wait_seconds
    for percentile in (50, 95, 99):
        assert busier.wait_percentile_seconds(percentile) >= less_busy.wait_percentile_seconds(percentile)
        slower = busier.response_percentile_seconds(percentile)
        assert slower >= less_busy.response_percentile_seconds(percentile) * (1 - 1e-9)


@given(utilisation=BUSY, service=SERVICE, servers=SERVERS)
def test_the_mean_is_the_area_under_the_share_that_takes_longer(utilisation: float, service: float, servers: int):
    # given the distribution of response times, up to where nothing is left
    found = at(utilisation, service, servers)
    times = np.linspace(0, 40 * (service + 1 / found.spare_rps), 40_001)

    # then
    beyond = [found.response_beyond(float(each)) for each in times[::10]]
    assert np.trapezoid(beyond, times[::10]) == pytest.approx(found.mean_response_seconds, rel=2e-3)
    assert beyond == sorted(beyond, reverse=True)


@given(utilisation=BUSY, service=SERVICE, servers=SERVERS, percentile=st.floats(0, 99.9))
def test_a_percentile_is_met_by_just_so_many(utilisation: float, service: float, servers: int, percentile: float):
    found = at(utilisation, service, servers)
    response, wait = found.response_percentile_seconds(percentile), found.wait_percentile_seconds(percentile)
    assert found.response_beyond(response) == pytest.approx(1 - percentile / 100, abs=1e-9)
    assert found.wait_beyond(wait) <= 1 - percentile / 100 + 1e-9
    assert response >= wait


def test_as_many_servers_as_drain_at_the_rate_of_one_are_no_division_by_zero():
    # given a queue that drains just as fast as one server serves
    found = steady(2.0, 1.0, 3)
    assert found.spare_rps == 1.0

    # then the time is that of one exponential time, or of two of the same rate
    both = found.wait_probability
    assert found.response_beyond(2.0) == pytest.approx(math.exp(-2) * (1 + both * 2))
    assert steady(2.0 * (1 - 1e-9), 1.0, 3).response_beyond(2.0) == pytest.approx(found.response_beyond(2.0))


def test_a_simulated_queue_waits_as_long_as_the_formula_says():
    # given three servers at 80 %, each request taking the server that is free first
    rng = np.random.default_rng(4)
    arrivals = np.cumsum(rng.exponential(1 / 2.4, 60_000))
    free_at = [0.0, 0.0, 0.0]
    took = list[float]()
    for arrival, service in zip(arrivals, rng.exponential(1.0, 60_000), strict=True):
        first = min(range(3), key=free_at.__getitem__)
        free_at[first] = max(arrival, free_at[first]) + service
        took.append(free_at[first] - arrival)

    # then
    found = steady(2.4, 1.0, 3)
    assert np.mean(took) == pytest.approx(found.mean_response_seconds, rel=0.05)
    assert np.percentile(took, 95) == pytest.approx(found.response_percentile_seconds(95), rel=0.05)


def test_an_idle_system_only_serves():
    found = steady(0, 0.2, 4)
    assert (found.wait_probability, found.mean_wait_seconds, found.mean_present) == (0, 0, 0)
    assert found.mean_response_seconds == 0.2
    assert found.wait_percentile_seconds(99) == 0
    assert found.response_percentile_seconds(95) == pytest.approx(0.2 * math.log(20))


def test_more_than_can_be_served_is_a_value_that_says_how_fast_the_queue_grows():
    assert queue(Traffic(10, 0.5, 4)) == Unstable(Traffic(10, 0.5, 4), least_servers=6)
    overrun = queue(Traffic(10, 0.5, 4))
    assert isinstance(overrun, Unstable)
    assert overrun.growth_rps == pytest.approx(2)


def test_a_queue_that_is_just_full_never_comes_to_rest():
    assert queue(Traffic(8, 0.5, 4)) == Unstable(Traffic(8, 0.5, 4), least_servers=5)
    assert erlang_c(4, 4) == 1


def test_a_queue_that_is_full_but_for_rounding_has_a_mean_all_the_same():
    just_below = steady(math.nextafter(3.0, 0.0), 1.0, 3)
    assert math.isfinite(just_below.mean_wait_seconds)
    assert just_below.mean_wait_seconds > 1e14


@pytest.mark.parametrize(
    ("traffic", "says"),
    [
        ((-1, 1, 1), "-1 arrivals a second"),
        ((math.nan, 1, 1), "nan arrivals a second"),
        ((math.inf, 1, 1), "inf arrivals a second"),
        ((1, 0, 1), "a service time of 0 s"),
        ((1, math.nan, 1), "a service time of nan s"),
        ((1, 1, 0), "0 servers: must be at least 1"),
    ],
)
def test_traffic_that_no_system_has_is_refused_in_words(traffic: tuple[float, float, int], says: str):
    with pytest.raises(UsageError, match=says):
        Traffic(*traffic)


@pytest.mark.parametrize(("load", "servers"), [(-1, 1), (math.nan, 1), (math.inf, 1), (1, -1), (1, MOST_SERVERS + 1)])
def test_a_load_or_a_number_of_servers_that_cannot_be_is_refused(load: float, servers: int):
    with pytest.raises(UsageError):
        erlang_b(load, servers)
    with pytest.raises(UsageError):
        erlang_c(load, servers)


@pytest.mark.parametrize("percentile", [-1, 100, 101, math.nan])
def test_a_percentile_that_is_none_is_refused(percentile: float):
    with pytest.raises(UsageError, match="such as 95"):
        steady(1, 0.5).response_percentile_seconds(percentile)
    with pytest.raises(UsageError, match="such as 95"):
        steady(1, 0.5).wait_percentile_seconds(percentile)
