"""Chance that is the same whenever it is asked: numbers from a hash of seed, place and step."""

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def _stirred(value: int) -> int:
    """Return SplitMix64's output for a state."""
    value = (value + GOLDEN) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def mark_of(*parts: int) -> int:
    """Return a mark of 64 bits for some whole numbers."""
    mark = 0
    for part in parts:
        mark = _stirred(mark ^ (part & MASK))
    return mark


def units(mark: int, steps: Steps) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each step."""
    value = (steps.astype(np.uint64) * np.uint64(0xD1342543DE82EF95)) ^ np.uint64(mark)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return (value >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Dice:
    """A row of numbers that follows from a mark."""

    def __init__(self, mark: int) -> None:
        self._mark = mark

    def integer(self, low: int, high: int) -> int:
        """Return a whole number in [low, high)."""
        self._mark = _stirred(self._mark)
        return low + self._mark % (high - low)

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        self._mark = _stirred(self._mark)
        return float(self._mark >> 11) * 2.0**-53

    def token(self) -> str:
        """Return eight hex digits."""
        return f"{self.integer(0, 1 << 32):08x}"
