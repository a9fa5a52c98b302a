"""The different values that each group has seen: what DISTINCT counts, and what MIN falls back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.keyed import KeyedState
from penstock.engine.postings import Postings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["GROUP", "Members"]

GROUP = "$group"
"""Int64: the slot of a row's group."""

_TIMES = "$times"


class Members:
    """Values (the columns of `values`) by group. `counted`: values may be taken back, so each has a number of times.

    `listed`: `of` gives all values of some groups.
    """

    def __init__(self, prefix: str, values: Mapping[str, pl.DataType], *, counted: bool, listed: bool = False) -> None:
        self.values = tuple(values)
        self._counted = counted
        self.state = KeyedState(prefix, {GROUP: pl.Int64(), **values}, {_TIMES: pl.Int64()} if counted else {})
        self._postings = Postings(self._alive) if listed else None

    def enter(self, rows: pl.DataFrame, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Each row brings its value `times` (or takes it back, where negative), shape (n,).

        Gives 1 for a row by which its group has a value that it had not, -1 for one by which it has lost it, else 0.
        Several rows of one value count together, at the first of them.
        """
        slots, new = self.state.place(rows)
        found, firsts, places = np.unique(slots, return_index=True, return_inverse=True)
        is_new = np.isin(found, new)
        gives = np.zeros(rows.height, np.int64)
        if not self._counted:
            self.state.put(new, pl.DataFrame(height=len(new)))
            gives[firsts[is_new]] = 1
            return gives
        before = np.zeros(len(found), np.int64)
        before[~is_new] = self.state.take(found[~is_new])[_TIMES].to_numpy()
        after = before + np.bincount(places, weights=times, minlength=len(found)).astype(np.int64)
        self.state.put(found, pl.DataFrame({_TIMES: after}))
        if self._postings is not None:
            self._postings.add(rows[GROUP].to_numpy()[firsts[is_new]], found[is_new])
        self.state.remove(found[after == 0])
        gives[firsts] = (after > 0).astype(np.int64) - (before > 0)
        return gives

    def _alive(self, groups: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        times = self.state.take(members)[_TIMES].to_numpy()
        alive: NDArray[np.bool_] = (self.state.keys(members)[GROUP].to_numpy() == groups) & (times > 0)
        return alive

    def of(self, groups: NDArray[np.int64]) -> pl.DataFrame:
        """The values of distinct `groups`, each as often as it is there, with GROUP."""
        assert self._postings is not None
        _, members = self._postings.of(groups)
        times = self.state.take(members)[_TIMES].to_numpy()
        return self.state.keys(np.repeat(members, times))

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """As KeyedState."""
        return self.state.snapshot()

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """As KeyedState."""
        self.state.restore(meta, blobs)
        if self._postings is not None:
            slots = self.state.slots
            self._postings.add(self.state.keys(slots)[GROUP].to_numpy(), slots)

    @property
    def live(self) -> frozenset[str]:
        """As KeyedState."""
        return self.state.live

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.state.size + (0 if self._postings is None else self._postings.size)
