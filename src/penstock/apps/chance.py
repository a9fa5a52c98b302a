"""Chance in columns: draws by weight, and draws that a number decides for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["fixed", "pick", "scattered"]

_SCALE = 2.0**-53


def pick(weights: Sequence[float] | NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.intp]:
    """The choice among `weights` that each of `draws` in [0, 1) means, shape (n,)."""
    ends: NDArray[np.float64] = np.cumsum(np.asarray(weights, np.float64))
    choice: NDArray[np.intp] = np.searchsorted(ends, draws * ends[-1], side="right")
    return np.minimum(choice, len(ends) - 1, out=choice)


def fixed(numbers: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    """One draw in [0, 1) for each of `numbers`, the same at each call: the mixing of SplitMix64, shape (n,)."""
    mixed = numbers.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * _SCALE


def scattered(numbers: NDArray[np.int64], seed: int) -> NDArray[np.uint32]:
    """Another number below 2**32 for each of `numbers` below that, in no visible order, by seed, shape (n,)."""
    return ((numbers * 2_654_435_761 + seed * 40_503_001 % 2**32) % 2**32).astype(np.uint32)
