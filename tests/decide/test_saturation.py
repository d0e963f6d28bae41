"""Which resource was saturated first, and when the target fell behind."""

from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.saturation import limit_of, saturated, slowed_at
from outgrow.facts.loads import LoadSecond, Resource, ResourcePoint
from outgrow.plan.levels import Level
from outgrow.plan.signals import SignalBase
from outgrow.quantity import parse_quantity


def second(at: float, *, due: int = 100, done: int = 100, p50: float | None = 0.01) -> LoadSecond:
    return LoadSecond(at, due, due, done, due - done, 0, 0, 1, 0.1, p50, p50, p50)


def resource(*values: float | None, limit: float | None = 0.9, falls: bool = False) -> Resource:
    points = tuple(ResourcePoint(2.0 * (index + 1), value) for index, value in enumerate(values))
    return Resource("cpu", "ratio", points, limit, "told", falls=falls)


SECONDS = tuple(second(float(at), due=10 * at) for at in range(1, 21))


def test_the_resource_that_reached_its_limit_earlier_is_named_first_with_the_rate_of_that_moment():
    found = saturated({"disk": resource(0.1, 0.2, 0.2, 0.95, 0.95), "cpu": resource(0.2, 0.91, 0.99, 1, 1)}, SECONDS)

    assert [each.resource for each in found] == ["cpu", "disk"]
    assert (found[0].at_seconds, found[0].value, found[0].due_rps) == (4.0, 0.91, 40.0)


def test_one_reading_at_the_limit_is_a_spike():
    assert saturated({"cpu": resource(0.2, 0.95, 0.3, 0.95, 0.3)}, SECONDS) == ()


def test_a_reading_that_failed_says_neither_that_it_stayed_nor_that_it_left():
    assert [each.at_seconds for each in saturated({"cpu": resource(0.2, 0.95, None, 0.95)}, SECONDS)] == [4.0]
    assert saturated({"cpu": resource(None, None, None)}, SECONDS) == ()


def test_a_resource_whose_small_values_are_the_problem_saturates_downwards():
    assert len(saturated({"free": resource(0.5, 0.05, 0.04, limit=0.1, falls=True)}, SECONDS)) == 1


def test_nothing_without_a_limit_is_ever_called_saturated():
    assert saturated({"queue": resource(1e9, 1e9, 1e9, limit=None)}, SECONDS) == ()


def test_the_danger_of_a_level_is_the_limit_and_a_share_without_one_is_full_at_ninety_percent():
    cpu = SignalBase(unit="percent")
    level = Level(signal="cpu", target=q("50 %"), warning=q("70 %"), danger=q("85 %"))

    told, usual = limit_of("cpu", cpu, {"cpu-level": level}), limit_of("cpu", cpu, {})
    assert told is not None
    assert (told.value, told.says) == (85, "danger of level cpu-level")
    assert usual is not None
    assert usual.value == 90
    assert limit_of("queue", SignalBase(unit="jobs"), {}) is None


def q(text: str):
    return parse_quantity(text)


def test_a_target_that_answers_a_tenth_too_little_for_three_seconds_has_fallen_behind():
    seconds = [*(second(float(at)) for at in range(1, 8)), *(second(float(at), done=80) for at in range(8, 12))]

    assert slowed_at(seconds) == 7.0


def test_a_median_three_times_that_of_the_calm_beginning_is_falling_behind_too():
    seconds = [*(second(float(at)) for at in range(1, 8)), *(second(float(at), p50=0.05) for at in range(8, 12))]

    assert slowed_at(seconds) == 7.0


def test_a_target_whose_answers_were_all_unexpected_did_not_fall_behind():
    assert slowed_at([second(float(at), done=0) for at in range(1, 12)]) is None


def test_two_slow_seconds_are_no_falling_behind():
    seconds = [second(float(at), p50=0.05 if at in {7, 8, 11, 12} else 0.01) for at in range(1, 15)]

    assert slowed_at(seconds) is None


@given(st.lists(st.floats(0, 2), max_size=40), st.floats(0.01, 0.5))
def test_more_of_a_resource_never_saturates_it_later(values, more):
    def first(*given: float) -> float:
        found = saturated({"cpu": resource(*given)}, SECONDS)
        return found[0].at_seconds if found else float("inf")

    assert first(*(value + more for value in values)) <= first(*values)


def test_a_cold_start_that_passes_is_no_falling_behind():
    seconds = [second(float(at), done=50 if at < 6 else 100, p50=0.2 if at < 6 else 0.01) for at in range(1, 30)]

    assert slowed_at(seconds) is None


def test_one_arrival_too_few_of_a_handful_is_no_falling_behind():
    assert slowed_at([second(float(at), due=4, done=3) for at in range(1, 15)]) is None


def test_the_time_after_the_load_is_not_held_against_the_target():
    tail = [second(float(at), due=0, done=0, p50=None) for at in range(12, 15)]
    seconds = [*(second(float(at)) for at in range(1, 8)), *(second(float(at), done=80) for at in range(8, 12)), *tail]

    assert slowed_at(seconds) == 7.0
