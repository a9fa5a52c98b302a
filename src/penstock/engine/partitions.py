"""Rows of one step by their keys: which belong together, and where the state of each key is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penstock.engine.keys import KeyIndex

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from penstock.engine.keyed import KeyedState

__all__ = ["Partitions", "partitioned"]


@dataclass(frozen=True, slots=True)
class Partitions:
    """n rows of m keys, the rows of a key side by side and in their order.

    `order` (n,) are the rows so arranged; key i has the places `starts[i]` to `starts[i] + counts[i] - 1` among them;
    `slots` (m,) are the keys' slots in the state, and `known` (m,) says which keys had one before.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    slots: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def key(self) -> NDArray[np.int64]:
        """The key of each place, shape (n,)."""
        return np.repeat(np.arange(len(self.starts)), self.counts)


def partitioned(state: KeyedState, keys: pl.DataFrame, *, place: bool = True) -> Partitions:
    """The partitions of the rows whose keys are `keys`, with the columns of the state's keys.

    With `place`, the state makes room for keys that it does not have, to be `put` in this step; without, it stays as
    it is, and slots of keys that are not `known` mean nothing.
    """
    if place:
        slots, new = state.place(keys)
    else:
        slots, new = state.find(keys), np.empty(0, np.int64)
        absent = np.flatnonzero(slots < 0)
        if len(absent):
            local, _ = KeyIndex(state.index.schema).place(keys[absent])
            slots[absent] = -1 - local
    order = _sorted(slots)
    sorted_slots = slots[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_slots[1:] != sorted_slots[:-1])))
    counts = np.diff(np.append(starts, len(order)))
    found = sorted_slots[starts]
    return Partitions(order, starts, counts, found, (found >= 0) & ~np.isin(found, new))


def _sorted(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of `slots`, stable; numbers of 16 bits are sorted eight times as fast."""
    few = len(slots) > 0 and slots.min() >= 0 and slots.max() < 1 << 16
    return np.argsort(slots.astype(np.uint16) if few else slots, kind="stable")
