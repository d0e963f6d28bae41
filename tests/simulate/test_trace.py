import pytest

from outgrow.errors import UsageError
from outgrow.simulate.trace import START, Trace


def test_traffic_may_be_multiplied_and_smoothed():
    traffic = Trace(60, (1.0, 2.0, 6.0))
    assert traffic.times(10).rates == (10.0, 20.0, 60.0)
    assert traffic.smoothed(2).rates == (1.0, 1.5, 4.0)


def test_traffic_may_be_drawn_on_a_finer_grid():
    assert Trace(60, (1.0, 2.0)).drawn_finer(30) == Trace(30, (1.0, 1.5, 2.0, 2.0))
    with pytest.raises(UsageError, match="60 s cannot be cut into 45 s"):
        Trace(60, (1.0, 2.0)).drawn_finer(45)


def test_traffic_may_be_joined_to_a_coarser_grid():
    assert Trace(5, (1.0, 2.0, 6.0, 8.0)).coarser(15) == Trace(15, (3.0,))
    for seconds in (12, 20, 0):
        with pytest.raises(UsageError, match="cannot be joined"):
            Trace(5, (1.0, 2.0, 6.0)).coarser(seconds)


def test_a_part_keeps_its_place_in_time():
    traffic = Trace(60, (1.0, 2.0, 6.0, 7.0))
    part = traffic.part(60, 180)
    assert (part.rates, part.start) == ((2.0, 6.0), traffic.moment(60))
    assert traffic.moment(0) == START
    with pytest.raises(UsageError, match="nothing between"):
        traffic.part(240, 300)
