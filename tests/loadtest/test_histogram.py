"""A histogram's quantiles are those of the recorded durations, within its error, also after merging."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.loadtest.histogram import RELATIVE_ERROR, Histogram

durations = st.lists(st.one_of(st.floats(1e-6, 1e5), st.floats(1e-3, 1)), min_size=1, max_size=200)
shares = st.floats(0, 1)


def histogram_of(recorded) -> Histogram:
    made = Histogram()
    for each in recorded:
        made.record(each)
    return made


def exact_quantile(recorded, share):
    return sorted(recorded)[max(1, ceil(share * len(recorded))) - 1]


@given(durations, shares)
def test_a_quantile_is_within_one_percent_of_the_recorded_one(recorded, share):
    assert histogram_of(recorded).quantile(share) == pytest.approx(exact_quantile(recorded, share), rel=RELATIVE_ERROR)


@given(st.lists(durations, min_size=1, max_size=5), shares)
def test_a_merged_histogram_is_the_histogram_of_the_merged_durations(parts, share):
    merged = Histogram()
    for part in parts:
        merged.merge(histogram_of(part))

    together = [each for part in parts for each in part]
    whole = histogram_of(together)
    assert merged.buckets == whole.buckets
    assert merged.count == len(together)
    assert merged.mean == pytest.approx(whole.mean)
    assert merged.quantile(share) == pytest.approx(exact_quantile(together, share), rel=RELATIVE_ERROR)


@given(durations)
def test_the_least_and_the_greatest_are_exact(recorded):
    made = histogram_of(recorded)

    assert (made.quantile(0), made.quantile(1)) == (min(recorded), max(recorded))


@given(durations)
def test_quantiles_never_fall(recorded):
    made = histogram_of(recorded)

    found = [made.quantile(share / 20) or 0 for share in range(21)]

    assert found == sorted(found)


def test_nothing_recorded_has_no_quantile_and_no_mean():
    assert Histogram().quantile(0.5) is None
    assert Histogram().mean is None


def test_durations_below_a_microsecond_count_and_stay_below_it():
    made = histogram_of([0, -0.1, 2e-7, 5e-7])

    assert made.count == 4
    assert (made.quantile(0.5) or 1) < 1.1e-6
    assert made.quantile(0) == 0


def test_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match=r"0\.95 for the 95th"):
        histogram_of([1]).quantile(95)


def test_a_wide_range_of_durations_takes_few_buckets():
    made = histogram_of([1.001**power * 1e-6 for power in range(25_000)])  # a microsecond to 20 hours

    assert len(made.buckets) < 1300
