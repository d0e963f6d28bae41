import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.student import two_sided_t
from outgrow.errors import UsageError


@pytest.mark.parametrize(
    ("confidence", "freedom", "t"),
    [
        # Abramowitz and Stegun, table 26.10
        (0.95, 1, 12.706),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.95, 4, 2.776),
        (0.95, 5, 2.571),
        (0.95, 30, 2.042),
        (0.99, 4, 4.604),
        (0.99, 7, 3.499),
        (0.90, 10, 1.812),
        (0.5, 1, 1.0),
    ],
)
def test_t_is_what_the_tables_say(confidence: float, freedom: int, t: float):
    assert two_sided_t(confidence, freedom) == pytest.approx(t, abs=5e-4)


def test_t_of_many_points_is_that_of_the_normal_distribution():
    assert two_sided_t(0.95, 20_000) == pytest.approx(1.95996, abs=2e-4)


@given(confidence=st.floats(0.01, 0.999), freedom=st.integers(1, 200))
def test_more_confidence_and_fewer_points_make_t_larger(confidence: float, freedom: int):
    t = two_sided_t(confidence, freedom)
    assert two_sided_t(confidence + 0.0005, freedom) > t > two_sided_t(confidence, freedom + 1)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float):
    with pytest.raises(UsageError, match=r"such as 0\.95"):
        two_sided_t(confidence, 3)


def test_nothing_can_be_told_without_a_degree_of_freedom():
    with pytest.raises(UsageError, match="one point more"):
        two_sided_t(0.95, 0)
