import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.capacity.per_instance import NoneKept, PerInstance, Step, capacity_per_instance
from outgrow.capacity.usl import Point


def steps(*measured: tuple[float, float, bool]) -> list[Step]:
    return [Step(Point(n, throughput), kept) for n, throughput, kept in measured]


def test_an_instance_carries_its_part_of_the_highest_step_that_keeps_the_objective():
    # given four instances that keep it, and eight that carry more and break it
    found = capacity_per_instance(steps((1, 120, True), (2, 230, True), (4, 420, True), (8, 640, False)))

    # then
    assert isinstance(found, PerInstance)
    assert (found.n, found.throughput) == (4, 105)
    assert found.figure.formula == "420 rps / 4"
    assert not found.highest_measured
    assert found.doubt == ""


def test_it_is_said_where_no_step_went_far_enough_to_break_the_objective():
    found = capacity_per_instance(steps((1, 120, True), (2, 230, True)))
    assert isinstance(found, PerInstance)
    assert found.highest_measured


def test_a_step_that_passes_above_one_that_fails_is_luck_and_is_told():
    found = capacity_per_instance(steps((1, 120, True), (2, 230, False), (4, 420, True)))
    assert isinstance(found, PerInstance)
    assert found.n == 1
    assert "at N = 4 again, but not at N = 2" in found.doubt


def test_of_several_runs_at_one_n_all_must_keep_and_the_least_counts():
    all_kept = capacity_per_instance(steps((2, 230, True), (1, 120, True), (2, 210, True)))
    assert isinstance(all_kept, PerInstance)
    assert all_kept.throughput == 105
    one_broken = capacity_per_instance(steps((1, 120, True), (2, 230, True), (2, 210, False)))
    assert isinstance(one_broken, PerInstance)
    assert one_broken.throughput == 120


def test_nothing_is_said_of_an_instance_where_no_step_keeps_the_objective():
    broken = capacity_per_instance(steps((2, 230, False), (4, 420, True)))
    assert broken == NoneKept("the objective is not kept at N = 2, the least that was measured")
    assert capacity_per_instance([]) == NoneKept("no step was measured")


@given(
    st.lists(
        st.builds(Step, st.builds(Point, st.integers(1, 50), st.floats(1, 1e5)), st.booleans()), min_size=1, max_size=12
    )
)
def test_it_is_a_measured_step_that_keeps_the_objective_and_none_below_it_breaks_it(measured: list[Step]):
    found = capacity_per_instance(measured)
    if isinstance(found, NoneKept):
        least = min(each.point.n for each in measured)
        assert any(not each.kept for each in measured if each.point.n == least)
        return
    assert all(each.kept for each in measured if each.point.n <= found.n)
    assert any(each.point.throughput / each.point.n == pytest.approx(found.throughput) for each in measured)
    assert found.highest_measured == all(each.kept for each in measured)
