import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from outgrow.capacity.usl import (
    CautionKind,
    Estimate,
    NoPeak,
    NotFitted,
    Peak,
    Point,
    ScalingLaw,
    expected_at,
    fit_scaling_law,
)
from outgrow.errors import UsageError

# Measurements published in N. J. Gunther, Guerrilla Capacity Planning (Springer 2007): a SPARCcenter 2000 in the SPEC
# SDM91 benchmark (scripts an hour by simulated users), and a ray tracer on an SGI Origin 2000 (by processors).
SDM91 = ((1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2))
RAY_TRACER = (
    *((1, 20), (4, 78), (8, 130), (12, 170), (16, 190), (20, 200)),
    *((24, 210), (28, 230), (32, 260), (48, 280), (64, 310)),
)


def points(*measured: tuple[float, float]) -> list[Point]:
    return [Point(n, throughput) for n, throughput in measured]


def fitted(*measured: tuple[float, float]) -> ScalingLaw:
    law = fit_scaling_law(points(*measured))
    assert isinstance(law, ScalingLaw)
    return law


def carried(n: float, alpha: float, beta: float, gamma: float) -> float:
    return gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))


def squares(law: ScalingLaw, alpha: float, beta: float, gamma: float) -> float:
    return sum((each.throughput - carried(each.n, alpha, beta, gamma)) ** 2 for each in law.points)


def least_squares_of(law: ScalingLaw) -> float:
    return squares(law, law.alpha.value, law.beta.value, law.gamma.value)


def kinds(law: ScalingLaw) -> set[CautionKind]:
    return {each.kind for each in law.cautions}


def test_the_published_fit_of_the_sdm91_measurements_is_reproduced():
    # when
    law = fitted(*SDM91)

    # then it is what the R package usl prints: coefficients, peak, residual standard error on 4 degrees of freedom
    assert law.alpha.value == pytest.approx(0.0277285, abs=5e-8)
    assert law.beta.value == pytest.approx(0.0001044, abs=5e-8)
    assert law.gamma.value == pytest.approx(89.995, abs=5e-4)
    assert isinstance(law.peak, Peak)
    assert law.peak.n.value == pytest.approx(96.52, abs=5e-3)
    assert law.peak.throughput.value == pytest.approx(1884, abs=0.5)
    assert (law.residual_spread, law.freedom) == (pytest.approx(82.85, abs=5e-3), 4)
    assert law.cautions == ()


def test_no_peak_is_reported_of_the_ray_tracer_whose_best_fit_has_none():
    # when
    law = fitted(*RAY_TRACER)

    # then beta stands on its bound, below which the data would have it, and nothing is invented
    assert law.beta.value == 0
    assert law.beta.low == 0 < law.beta.high
    assert law.alpha.value == pytest.approx(0.0577708, abs=5e-7)
    assert law.gamma.value == pytest.approx(21.8488, abs=5e-4)
    assert isinstance(law.peak, NoPeak)
    assert "-0.000201" in law.peak.why


def test_the_contention_of_six_ray_tracer_points_may_be_none_at_all():
    # given the first six points, of which the R package prints an alpha between 0.0075 and 0.0414 (one-sided t, n - 1)
    law = fitted(*RAY_TRACER[:6])

    # then the interval of a two-sided t with n - 3 degrees of freedom reaches down to 0
    assert (law.alpha.value, law.beta.value) == (pytest.approx(0.02444, abs=5e-6), pytest.approx(0.00163, abs=5e-6))
    assert law.alpha.low == 0
    assert law.alpha.high > 0.05
    # while beta is clearly above 0: there is a peak, but nobody has seen it
    assert law.beta.low > 0
    assert isinstance(law.peak, Peak)
    assert CautionKind.EXTRAPOLATED in kinds(law)


def test_a_beta_that_may_be_none_makes_no_peak():
    # given a hint of decline that is smaller than the scatter
    law = fitted((1, 10), (2, 19.1), (4, 36), (8, 61), (16, 97), (32, 118), (48, 134), (64, 141))

    # then
    assert law.beta.value > 0
    assert law.beta.low == 0
    assert isinstance(law.peak, NoPeak)
    assert law.peak.why.startswith("beta may be 0: its 95% interval reaches from 0 to ")


def test_throughput_that_falls_from_the_first_on_has_no_peak():
    # given one pair whose coherency, and one whose contention already eats what it gains
    coherency = fitted((1, 10), (2, 6), (4, 2.9), (8, 1.1), (16, 0.5), (32, 0.2))
    contention = fitted((1, 10), (2, 5), (4, 2.6), (8, 1.2), (16, 0.6), (32, 0.33))

    # then
    assert isinstance(coherency.peak, NoPeak)
    assert "falls from the first on" in coherency.peak.why
    assert isinstance(contention.peak, NoPeak)
    assert "falls from the first on" in contention.peak.why
    assert CautionKind.FALLS_AT_ONCE in kinds(contention)


def test_points_that_fall_steeply_without_a_first_one_make_no_law():
    found = fit_scaling_law(points((4, 10), (8, 4), (16, 2), (32, 1)))
    assert isinstance(found, NotFitted)
    assert "measure at smaller N" in found.why


@pytest.mark.parametrize("measured", [[], [(1, 10), (2, 19), (4, 36)], [(1, 10), (1, 11), (2, 19), (2, 20), (2, 19.5)]])
def test_too_few_points_make_no_law_and_it_is_said_what_is_missing(measured: list[tuple[float, float]]):
    found = fit_scaling_law(points(*measured))
    assert isinstance(found, NotFitted)
    assert "the law needs 4 points at 3 different N" in found.why


@pytest.mark.parametrize(
    ("measured", "kind", "says"),
    [
        ([(1, 10), (2, 19), (4, 33), (8, 50)], CautionKind.FEW_POINTS, "4 points"),
        ([(1, 10), (2, 19), (8, 50), (4, 33), (16, 60), (32, 64)], CautionKind.OUT_OF_ORDER, "from 8 to 4"),
        ([(4, 33), (8, 50), (16, 60), (24, 63), (32, 64), (48, 61)], CautionKind.NONE_ALONE, "least N measured is 4"),
        ([(1, 10), (2, 21), (4, 44), (8, 92), (16, 190), (32, 400)], CautionKind.SUPERLINEAR, "faster than N"),
        ([(1, 10), (2, 25), (4, 60), (8, 140)], CautionKind.NO_LIMIT, "no upper limit"),
    ],
)
def test_a_fit_that_deserves_less_trust_says_why(measured: list[tuple[float, float]], kind: CautionKind, says: str):
    cautions = {each.kind: each.says for each in fitted(*measured).cautions}
    assert says in cautions[kind]


def test_many_points_in_order_from_one_on_deserve_no_caution():
    assert fitted(*RAY_TRACER).cautions == ()


def test_the_order_of_points_changes_the_caution_and_nothing_else():
    forth, back = fitted(*SDM91), fitted(*reversed(SDM91))
    assert kinds(back) - kinds(forth) == {CautionKind.OUT_OF_ORDER}
    assert back.alpha.value == pytest.approx(forth.alpha.value, rel=1e-6)
    assert back.beta.low == pytest.approx(forth.beta.low, rel=1e-4)


@pytest.mark.parametrize("number", [0, -3, 0.5, math.nan, math.inf])
def test_an_n_that_nobody_can_run_is_refused_in_words(number: float):
    with pytest.raises(UsageError, match="must be a number of at least 1"):
        Point(number, 10)
    with pytest.raises(UsageError, match="must be a number of at least 1"):
        expected_at(fitted(*SDM91), number)


@pytest.mark.parametrize("number", [0, -3, math.nan, math.inf])
def test_a_throughput_that_nobody_can_measure_is_refused_in_words(number: float):
    with pytest.raises(UsageError, match=r"throughput .* at N = 2: must be a number above 0"):
        Point(2, number)


@pytest.mark.parametrize("confidence", [0, 1, -1, 95, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float):
    with pytest.raises(UsageError, match=r"such as 0\.95"):
        fit_scaling_law(points(*SDM91), confidence)


def test_what_is_expected_beyond_the_points_is_called_a_guess_and_is_less_certain():
    # given
    law = fitted(*SDM91)

    # when
    within, beyond = expected_at(law, 100), expected_at(law, 500)

    # then
    assert within.throughput.value == pytest.approx(law.throughput(100))
    assert not within.cautions
    assert [each.kind for each in beyond.cautions] == [CautionKind.EXTRAPOLATED]
    assert "outside the measured 1 to 216" in beyond.cautions[0].says
    assert width(within.throughput) < width(beyond.throughput)


def test_what_one_alone_is_expected_to_carry_is_gamma():
    law = fitted(*SDM91)
    assert expected_at(law, 1).throughput == law.gamma
    assert law.efficiency(1) == 1
    assert law.efficiency(216) == pytest.approx(law.throughput(216) / (216 * law.throughput(1)))


def width(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / estimate.value


LAWS = st.tuples(st.floats(0, 0.5), st.floats(0, 0.01), st.floats(0.01, 1e6))
SCATTER = st.lists(st.floats(-0.05, 0.05), min_size=8, max_size=8)
FEWER = settings(max_examples=settings().max_examples // 3)  # a law with its intervals takes 30 ms
NUMBERS = (1, 2, 4, 8, 12, 16, 24, 32)


def scattered(law: tuple[float, float, float], scatter: list[float]) -> list[tuple[float, float]]:
    return [(n, carried(n, *law) * (1 + off)) for n, off in zip(NUMBERS, scatter, strict=True)]


@given(law=LAWS)
@example(law=(0.0, 0.0, 1.0))
@example(law=(0.0, 0.01, 1e-2))
def test_a_law_without_scatter_is_found_again(law: tuple[float, float, float]):
    # given throughputs just as a law has them
    found = fitted(*((n, carried(n, *law)) for n in NUMBERS))

    # then
    assert found.alpha.value == pytest.approx(law[0], abs=1e-6)
    assert found.beta.value == pytest.approx(law[1], abs=1e-7)
    assert found.gamma.value == pytest.approx(law[2], rel=1e-6)


@given(law=LAWS, scatter=SCATTER)
def test_no_other_law_within_the_bounds_fits_better(law: tuple[float, float, float], scatter: list[float]):
    # given
    found = fitted(*scattered(law, scatter))

    # when every law of a grid is tried, each with the gamma that suits it best
    n = np.array([each.n for each in found.points])
    throughput = np.array([each.throughput for each in found.points])
    alphas, betas = np.append(0, np.geomspace(1e-3, 3, 60)), np.append(0, np.geomspace(1e-6, 1, 60))
    shapes = n / (1 + alphas[:, None, None] * (n - 1) + betas[:, None] * n * (n - 1))
    gammas = (shapes @ throughput) / np.sum(shapes**2, axis=-1)
    best = float(np.min(np.sum((gammas[..., None] * shapes - throughput) ** 2, axis=-1)))

    # then
    assert least_squares_of(found) <= best * (1 + 1e-9)


@FEWER
@given(law=LAWS, scatter=SCATTER, times=st.sampled_from([1e-6, 7.0, 1e9]))
def test_the_unit_of_throughput_does_not_matter(law: tuple[float, float, float], scatter: list[float], times: float):
    measured = scattered(law, scatter)
    one, other = fitted(*measured), fitted(*((n, throughput * times) for n, throughput in measured))
    assert other.alpha.value == pytest.approx(one.alpha.value, abs=1e-5)
    assert other.beta.value == pytest.approx(one.beta.value, abs=1e-6)
    assert other.gamma.high == pytest.approx(one.gamma.high * times, rel=1e-4)
    assert isinstance(other.peak, Peak) == isinstance(one.peak, Peak)


@FEWER
@given(law=LAWS, scatter=SCATTER, ways=st.integers(0, 2**32))
def test_whatever_the_points_leave_open_lies_within_the_intervals(
    law: tuple[float, float, float], scatter: list[float], ways: int
):
    # given laws around the best, up to twice as far as the intervals reach
    assume(max(scatter) - min(scatter) > 1e-3)
    found = fitted(*scattered(law, scatter))
    rng = np.random.default_rng(ways)
    t = 2.5705818356363146  # 5 degrees of freedom, 95 %, two-sided
    open_squares = least_squares_of(found) * (1 + t**2 / found.freedom)
    for _ in range(200):
        alpha, beta, gamma = (
            each.value + (side - each.value) * rng.uniform(0, 2)
            for each, side in (
                (each, rng.choice([each.low, each.high])) for each in (found.alpha, found.beta, found.gamma)
            )
        )
        # when one fits nearly as well as the best, by the definition of the profile likelihood
        if min(alpha, beta) < 0 or squares(found, alpha, beta, gamma) > open_squares * (1 - 1e-6):
            continue

        # then it is within every interval, and so are its peak and its throughputs
        assert_within(found.alpha, alpha)
        assert_within(found.beta, beta)
        assert_within(found.gamma, gamma)
        if isinstance(found.peak, Peak) and alpha < 1:
            peak = math.sqrt((1 - alpha) / beta)
            assert_within(found.peak.n, max(peak, 1))
            if peak > 1:
                assert_within(found.peak.throughput, carried(peak, alpha, beta, gamma))


def assert_within(estimate: Estimate, value: float) -> None:
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.low * (1 - 1e-6) <= value <= estimate.high * (1 + 1e-6)


@FEWER
@given(law=LAWS, scatter=SCATTER)
def test_more_confidence_asks_for_wider_intervals(law: tuple[float, float, float], scatter: list[float]):
    measured = points(*scattered(law, scatter))
    some, more = fit_scaling_law(measured, 0.8), fit_scaling_law(measured, 0.99)
    assert isinstance(some, ScalingLaw)
    assert isinstance(more, ScalingLaw)
    for one, other in ((some.alpha, more.alpha), (some.beta, more.beta), (some.gamma, more.gamma)):
        assert other.low <= one.low <= one.high <= other.high
    # and a peak that is sure at much confidence is sure at little
    assert isinstance(some.peak, Peak) or isinstance(more.peak, NoPeak)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    # given a known law, measured 40 times with the same scatter at every N
    truth = (0.05, 0.001, 100.0)
    rng = np.random.default_rng(20)
    held = 0
    for _ in range(40):
        law = fitted(*((n, carried(n, *truth) + rng.normal(0, 15)) for n in NUMBERS))
        held += law.alpha.low <= truth[0] <= law.alpha.high

    # then 38 are promised, and less than 34 would happen to one in a hundred
    assert held >= 34
