import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.levels import band
from outgrow.plan.levels import BAND_ORDER, Band, Level
from outgrow.quantity import parse_unit

RATIO = parse_unit("ratio")


def level(target: object, warning: object, danger: object) -> Level:
    return Level.model_validate({"signal": "cpu", "target": target, "warning": warning, "danger": danger})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, Band.TARGET),
        (0.4999, Band.TARGET),
        (0.50, Band.ABOVE_TARGET),
        (0.6999, Band.ABOVE_TARGET),
        (0.70, Band.WARNING),
        (0.8499, Band.WARNING),
        (0.85, Band.DANGER),
        (7.0, Band.DANGER),
    ],
)
def test_cpu_is_on_target_below_50_and_from_70_and_85_percent_on_in_warning_and_danger(value: float, expected: Band):
    assert band(level("50 %", "70 %", "85 %"), value, RATIO) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.999, Band.TARGET), (0.99, Band.ABOVE_TARGET), (0.95, Band.WARNING), (0.9, Band.DANGER), (0.1, Band.DANGER)],
)
def test_falling_figures_are_read_the_other_way_round(value: float, expected: Band):
    assert band(level("99 %", "95 %", "90 %"), value, RATIO) is expected


def test_a_level_of_another_kind_of_unit_is_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        band(level("1 ms", "2 ms", "3 ms"), 0.5, RATIO)


figures = st.lists(st.integers(-1000, 1000), min_size=3, max_size=3, unique=True)


@given(figures, st.booleans(), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_every_value_has_one_band_and_bands_follow_the_order_of_values(
    three: list[int], rising: bool, one: float, other: float
):
    judged = level(*sorted(three, reverse=not rising))
    bands = [BAND_ORDER.index(band(judged, each, parse_unit(""))) for each in sorted((one, other))]
    assert bands == sorted(bands, reverse=not rising)
