"""Chance that is the same for the same numbers: who draws when, and in which process, changes nothing."""

from typing import Final

_MASK: Final = 2**64 - 1


def drawn(seed: int, *numbers: int) -> float:
    """Draw from 0 (included) to 1 (excluded), by numbers such as those of an arrival and a step.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014) over each number in turn.
    """
    return scrambled(seed, *numbers) / 2**64


def scrambled(seed: int, *numbers: int) -> int:
    """Give a number of 64 bits that looks like chance."""
    state = seed & _MASK
    for number in (len(numbers), *numbers):
        state = (state + number * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state
