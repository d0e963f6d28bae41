"""Blocks: as long as a series hangs together, every step drawn equally often, and a scatter that is true."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outgrow.decide.block_bootstrap import block_length, drawn_blocks


def wandering(keeps: float, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    series = np.zeros(n)
    for index in range(1, n):
        series[index] = keeps * series[index - 1] + rng.normal()
    return series


def test_independent_values_need_blocks_of_one_and_lasting_ones_need_long_blocks():
    lengths = {
        keeps: np.median([block_length(wandering(keeps, 400, seed)) for seed in range(15)]) for keeps in (0, 0.9)
    }

    assert lengths[0] <= 3
    assert 12 <= lengths[0.9] <= 60


def test_the_length_is_what_politis_and_white_give_for_a_known_process():
    # Their optimum for AR(1) with coefficient r: b = (3 G^2 n / (2 g^2))^(1/3), where G = 2 r / (1 - r)^2 / (1 + r) ...
    # of unit variance: sum |k| r^|k| = 2 r / (1 - r)^2 and sum r^|k| = (1 + r) / (1 - r).
    n, r = 20_000, 0.6
    g, bend = (1 + r) / (1 - r), 2 * r / (1 - r) ** 2
    optimum = (1.5 * bend**2 / g**2 * n) ** (1 / 3)

    found = np.median([block_length(wandering(r, n, seed)) for seed in range(5)])

    assert 0.6 * optimum <= found <= 1.6 * optimum


def test_a_series_that_never_changes_or_is_tiny_needs_no_blocks():
    assert block_length(np.ones(100)) == 1
    assert block_length(np.array([1.0, 2.0])) == 1


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_every_draw_is_full_and_the_same_seed_draws_the_same(n: int, length: int, seed: int):
    drawn = drawn_blocks(n, min(n, length), 20, np.random.default_rng(seed))

    assert drawn.shape == (20, n)
    assert (drawn.sum(axis=1) == n).all()
    assert (drawn == drawn_blocks(n, min(n, length), 20, np.random.default_rng(seed))).all()


def test_the_scatter_of_a_lasting_series_is_seen_with_blocks_and_missed_without():
    n, keeps = 4000, 0.8
    series = wandering(keeps, n, 3)
    truth = series.std() * np.sqrt((1 + keeps) / (1 - keeps) / n)

    with_blocks, without = (
        (drawn_blocks(n, length, 500, np.random.default_rng(1)) @ series / n).std() for length in (60, 1)
    )

    assert 0.8 * truth < with_blocks < 1.2 * truth
    assert without < 0.5 * truth
