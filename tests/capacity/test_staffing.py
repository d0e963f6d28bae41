import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.queueing import Traffic, erlang_c, queue
from outgrow.capacity.staffing import (
    MeanWait,
    ResponseWithin,
    Target,
    Unreachable,
    WaitWithin,
    highest_utilisation,
    keeps,
    servers_for,
    square_root_staffing,
)
from outgrow.errors import UsageError

TARGETS = st.one_of(
    st.builds(MeanWait, st.floats(0.01, 10)),
    st.builds(WaitWithin, st.floats(0, 10), st.floats(1, 99)),
    st.builds(ResponseWithin, st.floats(4.7, 20), st.floats(1, 99)),
)


def test_one_server_may_be_as_busy_as_the_textbook_says():
    # given M/M/1 with 100 ms of service: the mean wait is u / (1 - u) x 100 ms
    # when it may be 100 ms, then u = 1/2
    assert highest_utilisation(1, 0.1, MeanWait(0.1)) == pytest.approx(0.5)
    # when the p95 may be 500 ms, then 100 ms / (1 - u) x ln 20 = 500 ms
    assert highest_utilisation(1, 0.1, ResponseWithin(0.5, 95)) == pytest.approx(1 - math.log(20) / 5)
    # when a fifth may wait at all, then u = 1/5
    assert highest_utilisation(1, 0.1, WaitWithin(0, 80)) == pytest.approx(0.2)


def test_twenty_servers_at_ninety_percent_wait_less_than_two_at_sixty():
    many, few = queue(Traffic(18, 1, 20)), queue(Traffic(1.2, 1, 2))
    assert keeps(many, MeanWait(0.3))
    assert not keeps(few, MeanWait(0.5))


@given(servers=st.integers(1, 60), target=TARGETS)
def test_the_target_is_kept_up_to_the_highest_utilisation_and_not_beyond(servers: int, target: Target):
    highest = highest_utilisation(servers, 1.0, target)
    assert isinstance(highest, float)
    assert keeps(queue(Traffic(highest * servers * (1 - 1e-9), 1.0, servers)), target)
    assert not keeps(queue(Traffic(highest * servers * (1 + 1e-9) + 1e-9, 1.0, servers)), target)


@given(servers=st.integers(1, 60), target=TARGETS)
def test_more_servers_may_be_busier(servers: int, target: Target):
    few, more = highest_utilisation(servers, 1.0, target), highest_utilisation(servers + 1, 1.0, target)
    assert isinstance(few, float)
    assert isinstance(more, float)
    assert more >= few * (1 - 1e-12)


@given(load=st.floats(0, 100), target=TARGETS)
def test_the_least_servers_keep_the_target_and_one_less_breaks_it(load: float, target: Target):
    servers = servers_for(load, 1.0, target)
    assert isinstance(servers, int)
    assert keeps(queue(Traffic(load, 1.0, servers)), target)
    assert servers == 1 or not keeps(queue(Traffic(load, 1.0, servers - 1)), target)


def test_a_target_shorter_than_serving_alone_is_out_of_reach_of_any_number():
    # given requests of 200 ms on average, whose own p95 is 599 ms
    # when 500 ms are asked for
    found = servers_for(10, 0.2, ResponseWithin(0.5, 95))

    # then
    assert isinstance(found, Unreachable)
    assert "make the request itself cheaper" in found.why
    assert isinstance(highest_utilisation(8, 0.2, ResponseWithin(0.5, 95)), Unreachable)
    assert isinstance(servers_for(10, 0.2, ResponseWithin(0.6, 95)), int)


def test_an_overrun_queue_keeps_no_target():
    assert not keeps(queue(Traffic(10, 1, 4)), WaitWithin(1e6, 1))


@given(load=st.floats(1, 2000), waiting=st.floats(0.01, 0.9))
def test_square_root_staffing_is_at_most_two_servers_short_of_the_exact_count(load: float, waiting: float):
    exact = servers_for(load, 1.0, WaitWithin(0, 100 * (1 - waiting)))
    assert isinstance(exact, int)
    assert 0 <= exact - square_root_staffing(load, waiting) <= 2


@given(load=st.floats(0.01, 1e5), waiting=st.floats(1e-6, 0.999))
def test_square_root_staffing_is_never_too_few_to_serve_all(load: float, waiting: float):
    assert square_root_staffing(load, waiting) > load


def test_twice_the_load_needs_less_than_twice_the_spare():
    # given a hundredth of requests waiting
    spare = [square_root_staffing(load, 0.01) - load for load in (100, 400)]
    assert spare[1] == pytest.approx(2 * spare[0], abs=1)
    assert erlang_c(400, square_root_staffing(400, 0.01)) == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (MeanWait(-1), "a target of -1 s"),
        (MeanWait(math.nan), "a target of nan s"),
        (MeanWait(0), "nothing takes no time"),
        (ResponseWithin(0, 95), "nothing takes no time"),
        (ResponseWithin(1, 100), "percentile 100"),
        (WaitWithin(1, math.nan), "percentile nan"),
    ],
)
def test_a_target_that_is_none_is_refused_in_words(target: Target, says: str):
    with pytest.raises(UsageError, match=says):
        servers_for(1, 0.1, target)
    with pytest.raises(UsageError, match=says):
        highest_utilisation(1, 0.1, target)


@pytest.mark.parametrize(("load", "waiting"), [(0, 0.5), (-1, 0.5), (math.inf, 0.5), (1, 0), (1, 1), (1, math.nan)])
def test_a_load_or_probability_that_cannot_be_is_refused(load: float, waiting: float):
    with pytest.raises(UsageError):
        square_root_staffing(load, waiting)
