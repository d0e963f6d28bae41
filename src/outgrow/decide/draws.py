"""A fixed table of normal numbers, so that a simulated future is a function of the past and of nothing else.

The numbers come from SplitMix64 by the Box-Muller formula. They are the same on every machine and in every run: two
forecasts of the same days agree to the last digit, forecasts of two thresholds share their futures, and a decision can
be replayed. Neighbouring columns are mirror images (z and -z), which makes means over an even number of columns exact.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PATHS: Final = 1000
"""How many futures are drawn; even. The 5 % edge of an interval is then good to 0.7 % of probability."""

_CHUNK: Final = 128
_STREAM_APART: Final = 1 << 32


def normal_draws(rows: int, stream: int) -> FloatArray:
    """Give `rows` x `PATHS` standard normal numbers; each stream is independent of the others."""
    return _normals(_rounded_up(rows), stream)[:rows]


def uniform_draws(rows: int, stream: int) -> FloatArray:
    """Give `rows` x `PATHS` numbers between 0 and 1."""
    return _uniforms(_rounded_up(rows), stream)[:rows]


def _rounded_up(rows: int) -> int:
    """Give a whole number of chunks, so that horizons of nearly the same length share one table."""
    return -(-rows // _CHUNK) * _CHUNK


@cache
def _normals(rows: int, stream: int) -> FloatArray:
    half = rows * PATHS // 2
    radius = np.sqrt(-2 * np.log1p(-_split_mix(half, 2 * stream)))
    numbers = (radius * np.cos(2 * np.pi * _split_mix(half, 2 * stream + 1))).reshape(rows, PATHS // 2)
    mirrored = np.empty((rows, PATHS))
    mirrored[:, 0::2] = numbers
    mirrored[:, 1::2] = -numbers
    mirrored.setflags(write=False)
    return mirrored


@cache
def _uniforms(rows: int, stream: int) -> FloatArray:
    numbers = _split_mix(rows * PATHS, 2 * stream).reshape(rows, PATHS)
    numbers.setflags(write=False)
    return numbers


def _split_mix(count: int, stream: int) -> FloatArray:
    """Give numbers in [0, 1) by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which counts and then stirs."""
    start = np.uint64(stream * _STREAM_APART + 1)
    mixed = (np.arange(count, dtype=np.uint64) + start) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)
