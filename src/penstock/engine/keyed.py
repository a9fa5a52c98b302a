"""State by key: rows found through an index, changed in place, and written to checkpoints as what has changed.

A checkpoint writes a *delta*: the rows that changed since the one before, and the keys that went. Many deltas become
one, and when that would be longer than the *base* below them, all rows are written as a new base; as they are when
more of the rows written are out of date than not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.columns import Columns, columns_of
from penstock.engine.keys import KeyIndex
from penstock.engine.runs import frame_blob, read_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["KeyedState"]

_GONE, _SLOT = "$gone", "$at"
_DELTAS = 32
"""More deltas than this are written as one."""
_SMALL = 1_024
"""A base of fewer rows is written again rather than a longer delta."""


class KeyedState:
    """Rows of `values` by keys of `keys` (both: name -> Polars type), each in a slot.

    `place` makes room for keys, `put` writes their rows: a slot that is new has no row before. A key keeps its slot
    until it is removed, over restarts too: other state may refer to it. Stored blobs are named `prefix` and a number.
    NULLs in keys equal each other.
    """

    def __init__(self, prefix: str, keys: Mapping[str, pl.DataType], values: Mapping[str, pl.DataType]) -> None:
        self.prefix = prefix
        self.index = KeyIndex(keys)
        self._values = Columns(values)
        self._changed = np.zeros(0, np.bool_)
        """Slots written since the last checkpoint."""
        self._since_base = np.zeros(0, np.bool_)
        self._gone: list[pl.DataFrame] = []
        """Keys removed since the last checkpoint."""
        self._gone_since_base: list[pl.DataFrame] = []
        self._ids: list[str] = []
        """The stored blobs: the base, then deltas."""
        self._base_rows = self._delta_rows = 0
        self._next = 0

    def __len__(self) -> int:
        return len(self.index)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.index.size + self._values.size

    @property
    def slots(self) -> NDArray[np.int64]:
        """All slots in use, ascending."""
        return self.index.slots

    def find(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """The slot of the key of each row, -1 for those that are not in; shape (n,).

        `rows` has the columns of the key among others.
        """
        return self.index.find(columns_of(rows, self.index.schema))

    def place(self, rows: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `find`, with room made for keys that are not in; and the slots that are new, in no order."""
        return self.index.place(columns_of(rows, self.index.schema))

    def keys(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """The keys of slots in use."""
        return self.index.keys(slots)

    def take(self, slots: NDArray[np.int64]) -> pl.DataFrame:
        """The rows of slots that were put."""
        return self._values.take(slots)

    def column(self, name: str, slots: NDArray[np.int64]) -> pl.Series:
        """One column of `take`."""
        return self._values.column(name, slots)

    def put(self, slots: NDArray[np.int64], rows: pl.DataFrame) -> None:
        """Write the rows of distinct slots."""
        self._values.put(slots, rows)
        self._mark(slots)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Forget distinct slots in use, and their keys."""
        if not len(slots):
            return
        self._gone.append(self.index.keys(slots))
        self.index.remove(slots)
        known = slots[slots < len(self._changed)]
        self._changed[known] = False
        self._since_base[known] = False

    def _mark(self, slots: NDArray[np.int64]) -> None:
        if self.index.end > len(self._changed):
            more = np.zeros(max(_SMALL, 2 * self.index.end) - len(self._changed), np.bool_)
            self._changed = np.concatenate([self._changed, more])
            self._since_base = np.concatenate([self._since_base, more])
        self._changed[slots] = True

    # -- checkpoints -------------------------------------------------------------------------------

    @property
    def live(self) -> frozenset[str]:
        """The blobs that the last snapshot consists of."""
        return frozenset(self._ids)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What names the blobs (JSON data), and those that are new since the last one."""
        changed = np.flatnonzero(self._changed[: self.index.end])
        new: dict[str, bytes] = {}
        if len(changed) or self._gone:
            self._since_base[changed] = True
            self._changed[changed] = False
            gone, self._gone = self._gone, []
            self._gone_since_base += gone
            rows = len(changed) + sum(f.height for f in gone)
            stale = self._base_rows + self._delta_rows + rows - len(self)
            many = len(self._ids) > _DELTAS
            if not self._ids or stale > max(len(self), _SMALL) or (many and self._delta_rows > self._base_rows):
                new = self._written(self.slots, [], base=True)
            elif many:
                self._ids, self._delta_rows = self._ids[:1], 0
                new = self._written(np.flatnonzero(self._since_base[: self.index.end]), self._gone_since_base)
            else:
                new = self._written(changed, gone)
        return self._meta(), new

    def _meta(self) -> dict[str, Any]:
        return {"blobs": list(self._ids), "next": self._next}

    def _written(self, slots: NDArray[np.int64], gone: list[pl.DataFrame], *, base: bool = False) -> dict[str, bytes]:
        """The blob of `slots`, after the keys that went; `base` forgets all that was written before."""
        rows = self.index.keys(slots).hstack(self._values.take(slots))
        rows = rows.with_columns(pl.Series(_SLOT, slots), pl.lit(False).alias(_GONE))
        if base:
            self._ids, self._base_rows, self._delta_rows = [], rows.height, 0
            self._since_base[:] = False
            self._gone_since_base = []
        else:
            went = [f.hstack([pl.repeat(True, f.height, eager=True).alias(_GONE)]) for f in gone]
            rows = pl.concat([*went, rows], how="diagonal") if went else rows
            self._delta_rows += rows.height
        name = f"{self.prefix}{self._next}"
        self._next += 1
        self._ids.append(name)
        return {name: frame_blob(rows)}

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """Take over the rows of `snapshot`, into an empty state."""
        self._ids, self._next = list(meta["blobs"]), meta["next"]
        for number, name in enumerate(self._ids):
            frame = read_blob(blobs[name])
            gone = columns_of(frame.filter(pl.col(_GONE)), self.index.schema)
            rows = frame.filter(~pl.col(_GONE))
            there = self.index.find(gone)
            self.remove(there[there >= 0])
            slots = rows[_SLOT].to_numpy()
            new = self.index.find(keys := columns_of(rows, self.index.schema)) < 0
            self.index.put(keys.filter(new), slots[new])
            self.put(slots, rows)
            self._gone = []
            self._changed[:] = False
            if number == 0:
                self._base_rows = frame.height
            else:
                self._since_base[slots] = True
                self._gone_since_base.append(gone)
                self._delta_rows += frame.height
