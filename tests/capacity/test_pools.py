import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.demand import Range
from outgrow.capacity.pools import NoRoom, Pool, connections, largest_maxima, most_instances
from outgrow.errors import UsageError

# AE-1's services that talk to the database (web-admin, 2..8, has no pool of its own).
AE_1 = (
    Pool("auth", 10, min_instances=2),
    Pool("system", 5, min_instances=2),
    Pool("hr", 5),
    Pool("finance", 5),
    Pool("general", 5),
    Pool("ai-service", 5, min_instances=2),
)


@st.composite
def declared(draw: st.DrawFn) -> tuple[Pool, ...]:
    pools = list[Pool]()
    for number in range(draw(st.integers(1, 6))):
        least = draw(st.integers(0, 5))
        most = least + draw(st.integers(0, 20))
        pools.append(Pool(f"s{number}", most, draw(st.integers(0, 40)), least))
    return tuple(pools)


LIMITS = st.integers(1, 2000)
SHARES = st.sampled_from([0.5, 0.7, 0.8, 0.95, 1.0])


def test_the_maxima_of_the_policy_table_need_438_connections():
    # when
    found = connections(AE_1)

    # then what AE-5 says comes out, with its formula
    assert (found.at_maxima, found.needed) == (350, 438)
    figures = {each.name: each for each in found.figures}
    assert figures["connections at the maxima"].value == Range(350, 350)
    assert figures["connections at the maxima"].formula == "10 x 10 + 5 x 10 + 5 x 10 + 5 x 10 + 5 x 10 + 5 x 10"
    assert figures["max_connections needed"].formula == "350 / 0.8, rounded up"
    assert "AE-5" in figures["max_connections needed"].source
    # and nothing is said about a database whose limit nobody gave
    assert (found.allowed, found.fits, found.broken_by) == (None, None, None)


def test_437_connections_are_one_too_few():
    assert connections(AE_1, 438).fits is True
    assert connections(AE_1, 437).fits is False
    assert connections(AE_1, 437).broken_by == "ai-service"


def test_the_service_at_whose_maximum_the_sum_goes_over_is_named():
    # given PostgreSQL's own 100 connections, 80 of them for pools
    found = connections(AE_1, 100)

    # then the first service alone breaks it, and each is told what it could have beside the others
    assert found.allowed == 80
    assert found.broken_by == "auth"
    assert [each.breaks for each in found.services] == [True, False, False, False, False, False]
    assert [each.running_total for each in found.services] == [100, 150, 200, 250, 300, 350]
    assert [each.most_instances for each in found.services] == [0, 0, 0, 0, 0, 0]


def test_one_service_alone_is_told_how_far_it_must_go_down():
    # given room for 320 of 350
    found = connections(AE_1, 400)
    most = {each.pool.service: each.most_instances for each in found.services}
    assert most == {"auth": 7, "system": 2, "hr": 2, "finance": 2, "general": 2, "ai-service": 2}
    assert found.broken_by == "ai-service"


def test_the_largest_maxima_share_the_room_out_evenly():
    # given room for 24 instances of 10 connections, where 35 are declared and 9 are the least
    found = largest_maxima(AE_1, 300)

    # then everybody comes about as far: three of five, six of ten
    assert found == {"auth": 7, "system": 4, "hr": 3, "finance": 3, "general": 3, "ai-service": 4}


def test_no_room_for_the_minima_is_a_value_that_says_what_they_need():
    # given nine instances at least
    assert largest_maxima(AE_1, 100) == NoRoom(at_minima=90, allowed=80, needed=113)


def test_a_service_without_connections_is_never_held_back():
    # given the web front end beside the others
    web = Pool("web-admin", 8, per_instance=0, min_instances=2)
    found = largest_maxima((*AE_1, web), 300)
    assert isinstance(found, dict)
    assert found["web-admin"] == 8
    assert connections((*AE_1, web), 100).services[-1].most_instances == 8


def test_a_decision_is_capped_by_what_others_have_open():
    # given 240 connections for pools, of which the others hold 190
    assert most_instances(AE_1[0], 300, taken=190) == 5
    assert most_instances(AE_1[0], 300, taken=0) == 10
    assert most_instances(AE_1[0], 300, taken=500) == 0


def test_binary_fractions_make_no_connection_more():
    # 280 / 0.7 is 400 and a little more in binary, 100 x 0.29 is 28 and a bit
    assert connections([Pool("api", 28)], share=0.7).needed == 400
    assert connections([Pool("api", 1)], 100, share=0.29).allowed == 29


def test_no_service_needs_no_connection():
    found = connections([], 100)
    assert (found.at_maxima, found.needed, found.fits) == (0, 0, True)
    assert largest_maxima([], 100) == {}


@given(pools=declared(), limit=LIMITS, share=SHARES)
def test_the_needed_limit_is_the_least_that_fits(pools: tuple[Pool, ...], limit: int, share: float):
    needed = connections(pools, share=share).needed
    if needed:
        assert connections(pools, needed, share).fits
    if needed > 1:
        assert not connections(pools, needed - 1, share).fits
    assert connections(pools, limit, share).fits == (limit >= needed)


@given(pools=declared(), limit=LIMITS, share=SHARES)
def test_just_one_service_breaks_what_does_not_fit(pools: tuple[Pool, ...], limit: int, share: float):
    found = connections(pools, limit, share)
    assert sum(each.breaks for each in found.services) == (0 if found.fits else 1)
    assert found.services[-1].running_total == found.at_maxima


@given(pools=declared(), limit=LIMITS, share=SHARES)
def test_the_largest_maxima_fit_and_none_can_be_raised_alone(pools: tuple[Pool, ...], limit: int, share: float):
    # given
    allowed = math.floor(limit * Fraction(str(share)))

    # when
    found = largest_maxima(pools, limit, share)

    # then
    if isinstance(found, NoRoom):
        assert sum(each.at_minimum for each in pools) == found.at_minima > allowed
        assert connections([Pool("all", found.at_minima, 1)], found.needed, share).fits
        return
    taken = sum(found[each.service] * each.per_instance for each in pools)
    assert taken <= allowed
    for each in pools:
        assert each.min_instances <= found[each.service] <= each.max_instances
        assert found[each.service] == each.max_instances or taken + each.per_instance > allowed


@given(pools=declared(), limit=LIMITS, more=st.integers(0, 500))
def test_a_larger_database_never_lowers_the_sum_of_connections(pools: tuple[Pool, ...], limit: int, more: int):
    small, large = largest_maxima(pools, limit, 1.0), largest_maxima(pools, limit + more, 1.0)
    if isinstance(small, NoRoom):
        return
    assert not isinstance(large, NoRoom)
    heaviest = max(each.per_instance for each in pools)
    taken = [sum(maxima[each.service] * each.per_instance for each in pools) for maxima in (small, large)]
    # Whole instances may leave up to one of the heaviest over.
    assert taken[1] > taken[0] - max(heaviest, 1)


@given(pools=declared(), limit=LIMITS, share=SHARES)
def test_the_most_instances_of_one_service_fit_beside_the_maxima_of_the_others(
    pools: tuple[Pool, ...], limit: int, share: float
):
    found = connections(pools, limit, share)
    for each in found.services:
        others = found.at_maxima - each.pool.at_maximum
        assert each.most_instances == most_instances(each.pool, limit, others, share)
        if each.most_instances and found.allowed is not None:
            assert others + each.most_instances * each.pool.per_instance <= found.allowed or not each.pool.per_instance


@pytest.mark.parametrize(
    ("pool", "says"),
    [
        ({"max_instances": 3, "per_instance": -1}, "api: -1 connections per instance"),
        ({"max_instances": 3, "min_instances": 4}, r"api: 4\.\.3 instances"),
        ({"max_instances": 3, "min_instances": -1}, r"api: -1\.\.3 instances"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_in_words(pool: dict[str, int], says: str):
    with pytest.raises(UsageError, match=says):
        Pool("api", **pool)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(share: float):
    with pytest.raises(UsageError, match=r"such as 0\.8"):
        connections(AE_1, 100, share)


def test_impossible_limits_and_services_named_twice_are_refused():
    with pytest.raises(UsageError, match="max_connections 0"):
        connections(AE_1, 0)
    with pytest.raises(UsageError, match="auth: named more than once"):
        largest_maxima((*AE_1, AE_1[0]), 100)
    with pytest.raises(UsageError, match="-1 connections taken"):
        most_instances(AE_1[0], 100, taken=-1)
