"""Rows of one step by their keys: which belong together, and where the state of each key is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.engine.keys import KeyIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from penstock.engine.keyed import KeyedState

__all__ = ["Partitions", "columns_of", "partitioned"]


def columns_of(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """As many rows as `rows` has, with its columns `names`, of which there may be none."""
    return rows.select(names) if names else pl.DataFrame(height=rows.height)


@dataclass(frozen=True, slots=True)
class Partitions:
    """n rows of m keys, the rows of a key side by side and in their order.

    `order` (n,) are the rows so arranged; key i has the places `starts[i]` to `starts[i] + counts[i] - 1` among them;
    `slots` (m,) are the keys' slots in the state, -1 for those it does not have.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    slots: NDArray[np.int64]

    @property
    def key(self) -> NDArray[np.int64]:
        """The key of each place, shape (n,)."""
        return np.repeat(np.arange(len(self.starts)), self.counts)

    @property
    def firsts(self) -> NDArray[np.int64]:
        """A row of each key, shape (m,)."""
        return self.order[self.starts]

    def placed(self, state: KeyedState, keys: pl.DataFrame) -> NDArray[np.int64]:
        """The slot of each key, those that `state` did not have put into it; `keys` are those of all rows."""
        slots = self.slots.copy()
        new = np.flatnonzero(slots < 0)
        if len(new):
            slots[new] = state.place(keys[self.firsts[new]])[0]
        return slots


def partitioned(state: KeyedState, keys: pl.DataFrame) -> Partitions:
    """The partitions of the rows whose keys are `keys`, with the columns of the state's keys."""
    slots = state.find(keys)
    absent = np.flatnonzero(slots < 0)
    if len(absent):
        local, _ = KeyIndex(state.index.schema).place(keys if len(absent) == len(slots) else keys[absent])
        slots[absent] = -1 - local
    order = np.argsort(slots, kind="stable")
    sorted_slots = slots[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_slots[1:] != sorted_slots[:-1])))
    counts = np.diff(np.append(starts, len(order)))
    return Partitions(order, starts, counts, np.maximum(sorted_slots[starts], -1))
