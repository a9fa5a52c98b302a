"""Rows kept by their owner, a number: added at any time, read for some owners at once, dropped with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.runs import Runs
from penstock.engine.stretches import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["Bags"]

_FEW = 4_096
"""So many forgotten rows are not worth the rewriting."""


class Bags:
    """Rows by the column `owner` (Int64); `merge` makes fewer of an owner's rows, given in order.

    What an operation costs depends on the rows it is about (and on the logarithm of all): runs are sorted by owner,
    and rows that were dropped leave when runs are merged, or when they are most of them. ORIGIN is last where it
    `carries` that.
    """

    def __init__(
        self, prefix: str, owner: str, merge: Callable[[pl.DataFrame], pl.DataFrame], *, carries: bool = False
    ) -> None:
        self.owner = owner
        self._merge = merge
        self._runs = Runs(prefix, self._merged, carries)
        self._dropped: list[NDArray[np.int64]] = []
        self._rows = self._dead = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows, newer than all before."""
        self._rows += rows.height
        self._runs.append(rows.sort(self.owner, maintain_order=True))

    def take(self, owners: NDArray[np.int64]) -> pl.DataFrame | None:
        """The rows of distinct `owners`, those of each in order; None where there are none."""
        parts = []
        for frame in self._runs:
            have = frame[self.owner].to_numpy()
            low, high = np.searchsorted(have, owners, "left"), np.searchsorted(have, owners, "right")
            places, _ = spread(low, high)
            if len(places):
                parts.append(frame[places])
        return pl.concat(parts) if parts else None

    def drop(self, owners: NDArray[np.int64], rows: int) -> None:
        """Forget `owners`, who have so many `rows` and will never have more."""
        self._dropped.append(owners)
        self._dead += rows
        if self._dead > max(_FEW, self._rows // 2):
            self._runs.retire(~self._is_dropped)
            self._dropped = []
            self._rows, self._dead = sum(f.height for f in self._runs), 0

    @property
    def _is_dropped(self) -> pl.Expr:
        return pl.col(self.owner).is_in(pl.Series(np.concatenate(self._dropped)).implode())

    def _merged(self, frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.filter(~self._is_dropped) if self._dropped else frame
        merged = self._merge(kept.sort(self.owner, maintain_order=True))
        self._rows -= frame.height - merged.height
        self._dead = min(max(0, self._dead - (frame.height - kept.height)), self._rows)
        return merged

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self._runs.size

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the rows (JSON data), and the blobs that are not stored yet."""
        return self._runs.snapshot()

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes], owners: NDArray[np.int64]) -> None:
        """Take over the rows of a snapshot that belong to `owners`."""
        self._runs.restore(meta, blobs)
        self._runs.retire(pl.col(self.owner).is_in(pl.Series(owners).implode()))
        self._rows, self._dead, self._dropped = sum(f.height for f in self._runs), 0, []
