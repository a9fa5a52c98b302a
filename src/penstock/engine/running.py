"""Aggregates over all rows of a partition up to the current one: one state a key, however many rows it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import without
from penstock.engine.columns import columns_of
from penstock.engine.keyed import KeyedState
from penstock.engine.partitions import Partitions, partitioned
from penstock.engine.spans import RIGHT, joined_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from penstock.engine.aggregation import Aggregation

__all__ = ["Running"]

_ROW, _KEY, _FIRST = "$row", "$key", "$first"


class Running:
    """States that grow; every call of `groups` is one whose states can be `joined`.

    `given` gives the states of each of some rows; with `keep` it takes these rows in. Rows come in order of time;
    where `peers`, the rows of one `time` see each other.
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
        self._running = groups.running(_FIRST)
        fast = {e.meta.output_name() for e in self._running}
        self._join = [e for e in groups.joined(RIGHT) if e.meta.output_name() not in fast]
        self.state = KeyedState("s", keys, dict(states.schema))
        self._needed = [*schema, time]

    def given(self, rows: pl.DataFrame, *, keep: bool = False) -> Iterator[pl.DataFrame]:
        """The states up to each row of `rows`, in its order, all at once."""
        parts = partitioned(self.state, columns_of(rows, self.keys), place=keep)
        ordered = rows[self._needed][parts.order]
        single = self._single(ordered)
        known = np.flatnonzero(parts.known)
        before = self.state.take(parts.slots[known])
        # the state of a key that has one stands before its rows
        shift = np.zeros(len(parts.starts), np.int64)
        shift[known] = 1
        shifted = np.cumsum(shift)
        places = np.arange(ordered.height) + shifted[parts.key]
        states = single
        if len(known):
            arranged = np.empty(ordered.height + len(known), np.int64)
            arranged[places] = np.arange(len(known), len(arranged))
            arranged[(parts.starts + shifted - 1)[known]] = np.arange(len(known))
            states = pl.concat([before, single])[arranged]
        begins = parts.starts + shifted - shift
        if keep:
            self._keep(rows, parts, states, np.repeat(np.arange(len(begins)), parts.counts + shift))
        last = self._last_peers(ordered, parts, places) if self.peers else places
        back = np.empty(len(parts.order), np.int64)
        back[parts.order] = last
        return iter((self._up_to(states, begins, parts.counts + shift, back),))

    def _up_to(
        self, states: pl.DataFrame, begins: NDArray[np.int64], counts: NDArray[np.int64], at: NDArray[np.int64]
    ) -> pl.DataFrame:
        """What `finish` needs of the states of a key up to each of the places `at`; key i begins at `begins[i]`."""
        first = np.repeat(begins, counts)
        parts = []
        if self._running:
            running = states.with_columns(pl.Series(_FIRST, first)).select(self._running)
            parts.append(running[at])
        if self._join:
            names = [e.meta.output_name() for e in self._join]
            parts.append(joined_spans(states.select(names), first[at], at, self._join))
        return parts[0] if len(parts) == 1 else parts[0].hstack(parts[1])

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

    def _keep(self, rows: pl.DataFrame, parts: Partitions, states: pl.DataFrame, key: NDArray[np.int64]) -> None:
        """Take in `rows`; `states` are what was known of their keys and theirs, `key` is that of each."""
        by_key = states.with_columns(pl.Series(_KEY, key)).group_by(_KEY, maintain_order=True)
        self.state.put(parts.slots, by_key.agg(self.groups.merge_all()))
        for seen, distinct in zip(self._seen, self.groups.distinct, strict=True):
            _, new = seen.place(rows.select(self.keys + list(distinct.args)))
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
