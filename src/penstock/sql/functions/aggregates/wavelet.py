"""A wavelet matrix: the k-th value by order of any span of a column, in steps of the number of bits of its ranks.

After Claude, Navarro and Ordóñez, The wavelet matrix (Information Systems 47, 2015), with a weight for each value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WaveletMatrix", "in_order"]


class WaveletMatrix:
    """Of `values`, of which each counts `weights` times (0 or more); shapes (n,)."""

    def __init__(self, values: NDArray[np.float64], weights: NDArray[np.int64]) -> None:
        _, first, rank = np.unique(in_order(values), return_index=True, return_inverse=True)
        self._values = values[first]
        self._weight = np.concatenate(([0], np.cumsum(weights)))
        self._levels: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        """Of each bit of the ranks, the highest first: how many zeros stand before each place, and what they weigh."""
        for bit in range(max(len(first) - 1, 0).bit_length() - 1, -1, -1):
            ones = (rank >> bit) & 1 == 1
            zeros = np.concatenate(([0], np.cumsum(~ones)))
            self._levels.append((zeros, np.concatenate(([0], np.cumsum(np.where(ones, 0, weights))))))
            order = np.argsort(ones, kind="stable")
            rank, weights = rank[order], weights[order]

    def totals(self, first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the values from place `first[i]` to before `end[i]` weigh together."""
        found: NDArray[np.int64] = self._weight[end] - self._weight[first]
        return found

    def kth(self, first: NDArray[np.int64], end: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.float64]:
        """The value at `position[i]`, from 0 on, of those from `first[i]` to before `end[i]` in their order.

        Each position is below the span's total.
        """
        rank = np.zeros(len(first), np.int64)
        for zeros, weight in self._levels:
            left = weight[end] - weight[first]
            one = position >= left
            rank = 2 * rank + one
            position = np.where(one, position - left, position)
            first = np.where(one, zeros[-1] + first - zeros[first], zeros[first])
            end = np.where(one, zeros[-1] + end - zeros[end], zeros[end])
        return self._values[rank]


def in_order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers in the order of Java's doubles: -0.0 before 0.0, all NaN are one and the last."""
    bits = np.where(np.isnan(values), np.nan, values).view(np.int64)
    return np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits)
