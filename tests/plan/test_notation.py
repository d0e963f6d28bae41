import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.plan.notation import GivenNothing, GivenValue, read_values


def numbers(raw: object) -> list[float | str]:
    return [each.value if isinstance(each, GivenValue) else each.why for each in read_values(raw)]


def test_a_series_is_written_in_few_words():
    assert numbers("500x3 900x2 _x2 nan") == [500, 500, 500, 900, 900, "_", "_", "nan"]


def test_steps_rise_and_fall_and_the_count_is_the_number_of_samples():
    assert numbers("0+10x4 90-5x3 -1-0.5x2") == [0, 10, 20, 30, 90, 85, 80, -1, -1.5]


def test_a_value_may_say_how_many_rows_are_behind_it():
    assert read_values("0.02@120x2 5@0") == (GivenValue(0.02, 120), GivenValue(0.02, 120), GivenValue(5, 0))


@pytest.mark.parametrize("word", ["_", "null", "nan", "empty", "failed"])
def test_nothing_has_several_reasons(word: str):
    assert read_values(f"{word}x2") == (GivenNothing(word), GivenNothing(word))  # type: ignore[arg-type]


def test_a_list_holds_numbers_words_and_null():
    assert numbers([500, 0.5, "900x2", None, "_", [1, 2]]) == [500, 0.5, 900, 900, "null", "_", 1, 2]


def test_a_lone_number_is_one_sample():
    assert numbers(500) == [500]
    assert numbers("1_000.5 2e3 .5") == [1000.5, 2000, 0.5]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "at least one sample"),
        ([], "at least one sample"),
        ("fast", '"fast" is no sample'),
        ("500 ms", '"ms" is no sample'),
        ("0+10", "has a step but no number of samples; write 0\\+10x10"),
        ("5x0", "stands for 0 samples"),
        ("5x1000001", "stands for 1000001 samples"),
        (float("nan"), "write a number, or nan"),
        (True, "true is no value"),
        ({"a": 1}, "is text, a number or a list"),
        ("1,5", '"1,5" is no sample'),
    ],
)
def test_what_is_no_series_is_told_with_an_example(raw: object, says: str):
    with pytest.raises(ValueError, match=says):
        read_values(raw)


words = st.one_of(
    st.tuples(st.integers(-999, 999), st.integers(1, 5)).map(lambda pair: (f"{pair[0]}x{pair[1]}", pair[1])),
    st.tuples(st.sampled_from(["_", "nan", "null"]), st.integers(1, 5)).map(
        lambda pair: (f"{pair[0]}x{pair[1]}", pair[1])
    ),
)


@given(st.lists(words, min_size=1, max_size=8))
def test_a_series_is_as_long_as_its_counts_add_up_to(written: list[tuple[str, int]]):
    assert len(read_values(" ".join(word for word, _ in written))) == sum(count for _, count in written)
