from collections.abc import Mapping

import pytest

from outgrow.decide.conditions import evaluate_condition
from outgrow.facts.samples import Absence, Labels, Sample, labels_of
from outgrow.facts.verdicts import Held, Lack, NotHeld, Undecided
from tests.decide.given import at, missing, query, samples, terms, value

KOREA, INDONESIA = labels_of({"region": "kr"}), labels_of({"region": "id"})
LARGE = {"above": 1000}


def judged(condition: dict, series: Mapping[Labels, tuple[Sample, ...]], now: float = 0):
    return evaluate_condition(terms(condition, query("users", by=["region"])), series, at(now))[0]


def holding(condition: dict, kr: Sample, indonesia: Sample):
    return judged(condition, {KOREA: (kr,), INDONESIA: (indonesia,)}).holding


@pytest.mark.parametrize(
    ("across", "kr", "indonesia", "answer"),
    [
        ("any", 2000, 5, Held),
        ("any", 5, 5, NotHeld),
        ("any", 2000, None, Held),
        ("any", 5, None, Undecided),
        ("all", 2000, 2000, Held),
        ("all", 2000, 5, NotHeld),
        ("all", 5, None, NotHeld),
        ("all", 2000, None, Undecided),
        ("max", 2000, 5, Held),
        ("max", 5, 5, NotHeld),
        ("max", 2000, None, Held),
        ("max", 5, None, Undecided),
        ("min", 2000, 5, NotHeld),
        ("min", 5, None, NotHeld),
        ("min", 2000, None, Undecided),
        ("sum", 600, 600, Held),
        ("sum", 2000, None, Undecided),
    ],
)
def test_label_sets_are_combined_and_a_missing_one_leaves_open_only_what_it_could_change(
    across: str, kr: int, indonesia: int | None, answer: type
):
    other = missing(0) if indonesia is None else value(0, indonesia)
    assert isinstance(holding({**LARGE, "across": across}, value(0, kr), other), answer)


@pytest.mark.parametrize(
    ("across", "kr", "answer"),
    [("max", 5, Undecided), ("max", 2000, NotHeld), ("min", 5, Held), ("min", 2000, Undecided)],
)
def test_the_same_holds_for_below(across: str, kr: int, answer: type):
    assert isinstance(holding({"below": 1000, "across": across}, value(0, kr), missing(0)), answer)


def test_the_evidence_names_the_labels_that_decide():
    verdict = judged(LARGE, {KOREA: (value(0, 5),), INDONESIA: (value(0, 2000),)})
    assert verdict.deciding == INDONESIA
    assert verdict.headroom is not None
    assert verdict.headroom.absolute == -1000
    assert {each.labels for each in verdict.series} == {KOREA, INDONESIA}


def test_of_several_that_hold_the_first_confirmed_decides_any_and_the_last_decides_all():
    series = {KOREA: samples(*[2000] * 10), INDONESIA: samples(5, 5, *[2000] * 8)}
    condition = {**LARGE, "for": "5m"}
    assert judged(condition, series, now=9).deciding == KOREA
    assert judged({**condition, "across": "all"}, series, now=9).deciding == INDONESIA


def test_of_several_that_do_not_hold_the_nearest_decides():
    verdict = judged(LARGE, {KOREA: (value(0, 900),), INDONESIA: (value(0, 20),)})
    assert verdict.deciding == KOREA


def test_each_label_set_has_its_own_window():
    # given two regions that are large in turn, never one of them for long
    series = {KOREA: samples(2000, 5, 2000, 5, 2000, 5), INDONESIA: samples(5, 2000, 5, 2000, 5, 2000)}
    condition = {**LARGE, "for": "3m"}

    # then none is sustained, while the larger of them always is
    assert isinstance(judged(condition, series, now=5).holding, NotHeld)
    assert isinstance(judged({**condition, "across": "max"}, series, now=5).holding, Held)


def test_a_label_set_that_is_gone_is_left_out_once_others_have_outlived_its_window():
    # given a container that was replaced ten minutes ago
    series = {KOREA: samples(*[5] * 20), INDONESIA: samples(*[5] * 10)}
    condition = {**LARGE, "for": "5m"}

    # then while its window may still hold something it is unknown, and then it is gone
    assert isinstance(judged(condition, series, now=15.5).holding, Undecided)
    gone = judged(condition, series, now=17)
    assert isinstance(gone.holding, NotHeld)
    assert [each.labels for each in gone.series] == [KOREA]


def test_when_no_label_set_has_data_all_are_unknown_rather_than_gone():
    series = {KOREA: samples(*[5] * 10), INDONESIA: samples(*[5] * 10)}
    verdict = judged(LARGE, series, now=60)
    assert isinstance(verdict.holding, Undecided)
    assert len(verdict.series) == 2


def test_a_failed_reading_of_the_whole_is_a_reason_and_not_a_series():
    series = {KOREA: samples(*[5] * 5), (): (missing(8, Absence.FAILED, "connection refused"),)}
    verdict = judged(LARGE, series, now=8)
    assert isinstance(verdict.holding, Undecided)
    assert (verdict.holding.lack, verdict.holding.why) == (Lack.UNAVAILABLE, "connection refused")
    assert [each.labels for each in verdict.series] == [KOREA]


def test_a_sum_adds_what_a_moment_has_rows_for():
    # given a region without a row in the second minute: a grouped query gives none where there is nothing
    series = {KOREA: samples(600, 1200), INDONESIA: (value(0, 600),)}
    assert isinstance(judged({**LARGE, "across": "sum"}, series, now=1).holding, Held)
    verdict = judged({**LARGE, "across": "sum"}, series, now=0)
    assert verdict.headroom is not None
    assert verdict.headroom.value == 1200


def test_too_few_rows_behind_one_of_them_are_named():
    series = {KOREA: (value(0, 5, n=100),), INDONESIA: (value(0, 5, n=3),)}
    found = judged({**LARGE, "across": "sum"}, series).holding
    assert isinstance(found, Undecided)
    assert found.why == "1 of 2 series have no value (only 3 rows, 20 needed)"
