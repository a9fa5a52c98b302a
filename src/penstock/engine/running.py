"""Aggregates over all rows of a partition up to the current one: one state a key, however many rows it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import without
from penstock.engine.keyed import KeyedState
from penstock.engine.partitions import Partitions, columns_of, partitioned
from penstock.engine.spans import RIGHT, joined_spans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.aggregation import Aggregation

__all__ = ["Running"]

_ROW = "$row"


class Running:
    """States that grow; every call of `groups` is one whose states can be `joined`.

    `given` gives the states of each of some rows, `keep` takes these rows in. Rows come in order of time; where
    `peers`, the rows of one `time` see each other.
    """

    def __init__(self, groups: Aggregation, schema: Mapping[str, pl.DataType], time: str, *, peers: bool) -> None:
        self.groups = groups
        self.time = time
        self.peers = peers
        self.keys = groups.key_names
        keys = {k: schema[k] for k in self.keys}
        empty = pl.DataFrame(schema=dict(schema))
        self._seen = [
            KeyedState(f"d{i}.", keys | {a: schema[a] for a in d.args}, {}) for i, d in enumerate(groups.distinct)
        ]
        self._masks = [f"$new{i}" for i in range(len(self._seen))]
        states = self._single(empty)
        self._join = groups.joined(RIGHT)
        self.state = KeyedState("s", keys, dict(states.schema))
        self._pending: tuple[pl.DataFrame, Partitions, pl.DataFrame] | None = None

    def given(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The states up to each row of `rows`, in its order."""
        parts = partitioned(self.state, columns_of(rows, self.keys))
        ordered = rows[parts.order]
        single = self._single(ordered)
        known = np.flatnonzero(parts.slots >= 0)
        before = self.state.take(parts.slots[known])
        # the state of a key that has one stands before its rows
        shift = np.zeros(len(parts.starts), np.int64)
        shift[known] = 1
        shifted = np.cumsum(shift)
        places = np.arange(ordered.height) + shifted[parts.key]
        arranged = np.empty(ordered.height + len(known), np.int64)
        arranged[places] = np.arange(len(known), len(arranged))
        arranged[(parts.starts + shifted - 1)[known]] = np.arange(len(known))
        states = pl.concat([before, single])[arranged] if len(known) else single
        first = (parts.starts + shifted - shift)[parts.key]
        last = self._last_peers(ordered, parts, places) if self.peers else places
        joined = joined_spans(states, first, last, self._join)
        self._pending = (rows, parts, joined)
        back = np.empty(len(parts.order), np.int64)
        back[parts.order] = np.arange(len(parts.order))
        return joined[back]

    def _last_peers(self, ordered: pl.DataFrame, parts: Partitions, places: np.ndarray) -> np.ndarray:
        """For each row the place of the last one of its key that has the same time."""
        time, key = ordered[self.time].to_numpy(), parts.key
        ends = np.flatnonzero(np.concatenate(((time[1:] != time[:-1]) | (key[1:] != key[:-1]), [True])))
        last: np.ndarray = places[np.repeat(ends, np.diff(ends, prepend=-1))]
        return last

    def _single(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The state of each row by itself; a value of a DISTINCT call that its key has had counts for nothing."""
        masks = []
        for name, seen, distinct in zip(self._masks, self._seen, self.groups.distinct, strict=True):
            values = rows.select(self.keys + list(distinct.args))
            first = values.select(pl.struct(pl.all()).is_first_distinct()).to_series()
            masks.append((pl.Series(seen.find(values) < 0) & first).alias(name))
        numbered = rows.with_columns(masks).with_row_index(_ROW)
        return without(numbered.group_by(_ROW, maintain_order=True).agg(self.groups.partial(self._masks)), _ROW)

    def keep(self) -> None:
        """Take in the rows that `given` saw last."""
        assert self._pending is not None
        rows, parts, joined = self._pending
        self._pending = None
        keys = columns_of(rows, self.keys)
        slots = parts.placed(self.state, keys)
        self.state.put(slots, joined[parts.starts + parts.counts - 1])
        for seen, distinct in zip(self._seen, self.groups.distinct, strict=True):
            slots, new = seen.place(rows.select(self.keys + list(distinct.args)))
            seen.put(new, pl.DataFrame(height=len(new)))

    # -- state -------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.state.size + sum(s.size for s in self._seen)

    @property
    def live(self) -> frozenset[str]:
        """The stored blobs."""
        return self.state.live.union(*(s.live for s in self._seen))

    def snapshot(self) -> tuple[list[Any], dict[str, bytes]]:
        """What names the blobs (JSON data), and those that are new since the last one."""
        metas: list[Any] = []
        new: dict[str, bytes] = {}
        for state in (self.state, *self._seen):
            meta, blobs = state.snapshot()
            metas.append(meta)
            new |= blobs
        return metas, new

    def restore(self, metas: list[Any], blobs: Mapping[str, bytes]) -> None:
        """Take over what `snapshot` named."""
        for state, meta in zip((self.state, *self._seen), metas, strict=True):
            state.restore(meta, blobs)
