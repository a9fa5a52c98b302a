"""Many searches at once: each in a stretch of its own, `low` to `high`, of one array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bisected", "first_earlier", "least", "spread"]


def bisected(
    values: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64], wanted: NDArray[np.int64], side: str
) -> NDArray[np.int64]:
    """`searchsorted` of each of `wanted` in its own stretch `low` to `high` of `values`, shape (n,)."""
    low, high = low.copy(), high.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        found = values[np.minimum(middle, len(values) - 1)]
        right = open_ & ((found < wanted) if side == "left" else (found <= wanted))
        low = np.where(right, middle + 1, low)
        high = np.where(open_ & ~right, middle, high)
    return low


def spread(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All places of the stretches `low` to `high`, one stretch after the other, and which stretch each is of."""
    count = high - low
    which = np.repeat(np.arange(len(low)), count)
    return np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + low[which], which


def least(values: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """The least of each stretch `low` to `high` (not empty) of `values`."""
    level = np.frexp((high - low).astype(np.float64))[1] - 1
    found = np.empty(len(low), np.int64)
    for n, table in enumerate(_powers(values, int(level.max()))):
        mine = np.flatnonzero(level == n)
        found[mine] = np.minimum(table[low[mine]], table[high[mine] - (1 << n)])
    return found


def first_earlier(
    arrival: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64], limit: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The first place of each stretch `low` to `high` whose arrival is below `limit`; `high` where there is none."""
    place = low.copy()
    longest = int((high - low).max(initial=0))
    tables = _powers(arrival, max(longest, 1).bit_length() - 1)
    for n in range(len(tables) - 1, -1, -1):
        whole = np.flatnonzero(place + (1 << n) <= high)
        none = whole[tables[n][place[whole]] >= limit[whole]]
        place[none] += 1 << n
    return place


def _powers(values: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """For n up to `most`: the least of the 2^n values from each place on."""
    tables = [values]
    for n in range(most):
        step = 1 << n
        tables.append(np.minimum(tables[-1][:-step], tables[-1][step:]))
    return tables
