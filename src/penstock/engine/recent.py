"""Aggregates over the last rows of a partition: the rows themselves are kept, as long as a frame may reach them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.engine.columns import columns_of
from penstock.engine.keyed import KeyedState
from penstock.engine.partitions import Partitions, partitioned
from penstock.engine.spans import RIGHT, joined_spans
from penstock.engine.stretches import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from penstock.engine.aggregation import Aggregation
    from penstock.sql.expr import Frame

__all__ = ["FORGOTTEN", "Recent"]

FORGOTTEN = "$forgotten"
"""Int64: how often the row's key had been forgotten in this step; what was kept of it before is not seen."""

_ROW, _ROWS, _COUNT, _LAST, _KEY = "$row", "$rows", "$count", "$last", "$key"
_FEW = 4_096
"""Keys from which on it is worth looking for those that can be forgotten."""
_AT_ONCE = 1_000_000
"""So many rows of frames are looked at together, one frame at least: all of a backlog would not fit in memory."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Rows that were given: those kept before and the fresh ones, `rows`, the rows of a key side by side.

    `part` tells the rows apart that do not see each other; the last row of each key is at `ends`.
    """

    partitions: Partitions
    rows: pl.DataFrame
    key: NDArray[np.int64]
    part: NDArray[np.int64]
    ends: NDArray[np.int64]


class Recent:
    """Frames over the rows of a key, given and kept as in `Running`.

    A frame of `preceding` None reaches all rows: what calls need it whose states are as large as their groups. Of the
    rows of a key the first stands in columns, the others in a list, which most keys of many do not have.
    """

    def __init__(self, groups: Aggregation, schema: Mapping[str, pl.DataType], time: str, frame: Frame) -> None:
        self.groups = groups
        self.time = time
        self.frame = frame
        self.keys = groups.key_names
        self._kept = [time, *(n for n in schema if n not in self.keys)]
        self._join = groups.joined(RIGHT)
        first = {n: schema[n] if n != time else pl.Int64() for n in self._kept}
        fields = [pl.Field(n, kind) for n, kind in first.items()]
        keys = {k: schema[k] for k in self.keys}
        self._list = pl.List(pl.Struct(fields))
        others = {_ROWS: self._list, _COUNT: pl.Int64(), _LAST: pl.Int64()}
        self.state = KeyedState("r", keys, first | others)
        self._swept = 0

    @property
    def lasting(self) -> int | None:
        """A key is forgotten when the watermark is so many ms beyond its last row; None: never."""
        preceding = self.frame.preceding
        return None if self.frame.rows or preceding is None else preceding + preceding // 2 + 1

    def last(self, keys: pl.DataFrame) -> NDArray[np.int64]:
        """The time of the last row that each key has given, 0 for those without one; shape (n,)."""
        slots = self.state.find(keys)
        found = np.zeros(len(slots), np.int64)
        found[slots >= 0] = self.state.column(_LAST, slots[slots >= 0]).to_numpy()
        return found

    def remembered(self, keys: pl.DataFrame, reached: int) -> NDArray[np.int64]:
        """The same, but 0 too for those that a watermark of `reached` has forgotten."""
        last = self.last(keys)
        return last if self.lasting is None else np.where(last + self.lasting <= reached, 0, last)

    def given(self, rows: pl.DataFrame, *, keep: bool = False) -> Iterator[pl.DataFrame]:
        """The states over the frame of each row of `rows`, in its order, those of some rows after those of others."""
        parts = partitioned(self.state, columns_of(rows, self.keys), place=keep)
        fresh = rows[self._kept][parts.order]
        sizes = np.zeros(len(parts.starts), np.int64)
        old, sizes[parts.known] = self._before(parts.slots[parts.known])
        # of each key: the rows kept, then the fresh ones
        places = np.arange(fresh.height) + np.cumsum(sizes)[parts.key]
        is_fresh = np.zeros(old.height + fresh.height, np.bool_)
        is_fresh[places] = True
        arranged = np.empty(len(is_fresh), np.int64)
        arranged[~is_fresh] = np.arange(old.height)
        arranged[places] = np.arange(old.height, len(arranged))
        together = pl.concat([old, fresh])[arranged] if old.height else fresh
        counts = sizes + parts.counts
        key = np.repeat(np.arange(len(counts)), counts)
        forgotten = np.zeros(len(key), np.int64)
        if FORGOTTEN in rows.columns:
            forgotten[places] = rows[FORGOTTEN].to_numpy()[parts.order]
        begins = np.concatenate(([True], (key[1:] != key[:-1]) | (forgotten[1:] != forgotten[:-1])))
        part = np.cumsum(begins) - 1
        first, last = self._spans(together[self.time].to_numpy(), part, np.flatnonzero(begins), places)
        if keep:
            self._keep(_Seen(parts, together, key, part, np.cumsum(counts) - 1))
        back = np.empty(len(parts.order), np.int64)
        back[parts.order] = np.arange(len(parts.order))
        return self._states(together, first[back], last[back])

    def _before(self, slots: NDArray[np.int64]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        """The rows kept of each key, one key after the other, and how many each has."""
        kept = self.state.take(slots)
        sizes = kept[_COUNT].to_numpy()
        first = kept[self._kept]
        if not (sizes == 1).all():
            first = first.filter(sizes > 0)
        if not (sizes > 1).any():
            return first, sizes
        others = kept[_ROWS].drop_nulls().explode(empty_as_null=False, keep_nulls=False).struct.unnest()
        begins = np.zeros(first.height + others.height, np.bool_)
        begins[(np.cumsum(sizes) - sizes)[sizes > 0]] = True
        arranged = np.where(begins, np.cumsum(begins) - 1, first.height + np.cumsum(~begins) - 1)
        return pl.concat([first, others])[arranged], sizes

    def _spans(
        self, time: NDArray[np.int64], part: NDArray[np.int64], starts: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first and the last row of the frame of each of the rows at `places`."""
        start, preceding = starts[part[places]], self.frame.preceding
        if self.frame.rows:
            return (start if preceding is None else np.maximum(start, places - preceding)), places
        alone = np.diff(starts, append=len(time)) == 1
        if alone.any():  # these see themselves alone
            first, last, among = places.copy(), places.copy(), np.flatnonzero(~alone[part])
            crowded = ~alone[part[places]]
            if len(among):
                begins = np.flatnonzero(np.diff(part[among], prepend=-1))
                number = np.searchsorted(among, places[crowded])
                spans = self._spans(time[among], np.cumsum(np.diff(part[among], prepend=-1) > 0) - 1, begins, number)
                first[crowded], last[crowded] = among[spans[0]], among[spans[1]]
            return first, last
        known, rank = np.unique(time, return_inverse=True)
        order = part * (len(known) + 1) + rank
        last = np.searchsorted(order, order[places], side="right") - 1
        if preceding is None:
            return start, last
        earliest = np.searchsorted(known, time[places] - preceding, side="left")
        return np.searchsorted(order, part[places] * (len(known) + 1) + earliest, side="left"), last

    def _states(self, rows: pl.DataFrame, first: NDArray[np.int64], last: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
        if self.groups.can_span:
            single = rows.with_row_index(_ROW).group_by(_ROW, maintain_order=True).agg(self.groups.partial())
            states = pl.DataFrame(self.groups.of_spans(single, (first, last + 1)))
            if self._join:
                names = [e.meta.output_name() for e in self._join]
                states = joined_spans(single.select(names), first, last, self._join).hstack(states)
            yield states
            return
        block = np.cumsum(last + 1 - first) // _AT_ONCE
        cuts = np.flatnonzero(np.diff(block)) + 1
        for low, high in zip(np.split(first, cuts), np.split(last, cuts), strict=True):
            row, span = spread(low, high + 1)
            seen = rows[row].with_columns(pl.Series(_ROW, span))
            parts = [seen.group_by(_ROW, maintain_order=True).agg(self.groups.partial())]
            parts += [d.counted(seen, [_ROW]).drop(_ROW) for d in self.groups.distinct]
            yield pl.concat(parts, how="horizontal").drop(_ROW)

    def _keep(self, seen: _Seen) -> None:
        """Take in the rows that were given, and let go of those that no frame can reach."""
        time, key, preceding = seen.rows[self.time].to_numpy(), seen.key, self.frame.preceding
        last = time[seen.ends]
        kept = seen.part == seen.part[seen.ends][key]
        if preceding is not None and self.frame.rows:
            kept &= np.arange(len(key)) > seen.ends[key] - preceding
        elif preceding is not None:
            kept &= time >= last[key] - preceding
        rows, key = (seen.rows, key) if kept.all() else (seen.rows.filter(kept), key[kept])
        begins = np.concatenate(([True], key[1:] != key[:-1]))[: len(key)]
        count = np.bincount(key, minlength=len(last))
        values = rows.filter(begins) if len(key) > len(last) else rows
        if (count == 0).any():
            values = values[np.where(count > 0, np.cumsum(count > 0) - 1, 0)] if len(key) else values.clear(len(last))
        counts = pl.Series(_COUNT, count, dtype=pl.Int64), pl.Series(_LAST, last)
        lists = self._lists(rows.filter(~begins), key[~begins], len(last))
        self.state.put(seen.partitions.slots, values[self._kept].hstack([lists, *counts]))

    def _lists(self, others: pl.DataFrame, key: NDArray[np.int64], keys: int) -> pl.Series:
        """The rows beside the first of each of so many keys, as lists, NULL where there is none."""
        if not others.height:
            return pl.Series(_ROWS, [None], dtype=self._list).new_from_index(0, keys)
        told = others.select(pl.Series(_KEY, key), pl.struct(self._kept).alias(_ROWS))
        lists = pl.DataFrame({_KEY: np.arange(keys)}).join(
            told.group_by(_KEY, maintain_order=True).agg(_ROWS), on=_KEY, how="left", maintain_order="left"
        )
        return lists[_ROWS]

    def remove(self, keys: pl.DataFrame) -> None:
        """Let go of all rows of distinct `keys`."""
        slots = self.state.find(keys)
        self.state.remove(slots[slots >= 0])

    def forget(self, reached: int) -> None:
        """Let go of keys that the watermark `reached` makes forgotten, when there may be many of them."""
        if self.lasting is None or len(self.state) < 2 * self._swept + _FEW:
            return
        slots = self.state.slots
        self.state.remove(slots[self.state.column(_LAST, slots).to_numpy() + self.lasting <= reached])
        self._swept = len(self.state)

    # -- state -------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.state.size

    @property
    def live(self) -> frozenset[str]:
        """The stored blobs."""
        return self.state.live

    def snapshot(self) -> tuple[list[Any], dict[str, bytes]]:
        """What names the blobs (JSON data), and those that are new since the last one."""
        meta, new = self.state.snapshot()
        return [meta], new

    def restore(self, metas: list[Any], blobs: Mapping[str, bytes]) -> None:
        """Take over what `snapshot` named."""
        self.state.restore(metas[0], blobs)
