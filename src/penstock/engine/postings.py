"""Which members each group has: pairs of numbers, found by group without looking at the other groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.runs import Run, folded
from penstock.engine.stretches import spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Postings"]

_GROUP, _MEMBER = "group", "member"


class Postings:
    """Pairs in runs sorted by group. Nothing is taken out: `alive(groups, members)` tells which pairs still count."""

    def __init__(self, alive: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]) -> None:
        self._alive = alive
        self._runs: list[Run] = []

    def add(self, groups: NDArray[np.int64], members: NDArray[np.int64]) -> None:
        """Further pairs, shape (n,)."""
        if len(groups):
            run = Run(pl.DataFrame({_GROUP: groups, _MEMBER: members}).sort(_GROUP))
            self._runs = folded([*self._runs, run], self._merged)

    def _merged(self, rows: pl.DataFrame) -> pl.DataFrame:
        alive = self._alive(rows[_GROUP].to_numpy(), rows[_MEMBER].to_numpy())
        return rows.filter(alive).unique().sort(_GROUP)

    def of(self, groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of distinct `groups` that count, each once: their groups and members, shape (n,)."""
        found = [pl.DataFrame(schema={_GROUP: pl.Int64(), _MEMBER: pl.Int64()})]
        for run in self._runs:
            held = run.frame[_GROUP].to_numpy()
            first, last = np.searchsorted(held, groups, "left"), np.searchsorted(held, groups, "right")
            places, _ = spread(first, last)
            found.append(run.frame[places])
        pairs = self._merged(pl.concat(found))
        return pairs[_GROUP].to_numpy(), pairs[_MEMBER].to_numpy()

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return int(sum(run.frame.estimated_size() for run in self._runs))
