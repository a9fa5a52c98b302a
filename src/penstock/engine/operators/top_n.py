"""Top-N and deduplication: the best rows of each partition so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import KIND, SEQ, Batch, RowKind
from penstock.engine.columns import columns_of
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.partitions import partitioned
from penstock.engine.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import TopN as Plan

__all__ = ["TopN"]

_ROWS, _KEY, _WAS, _NOW, _PLACE = "$rows", "$key", "$was", "$now", "$place"


class TopN(Operator):
    """The rows kept of a key are those numbered 1 to `last`; a batch gives what it changes among those numbered
    `first` to `last`, a key's changes at the place of its last row. A single row (`first` = `last` = 1) changes with
    each row that takes its place.

    A row that is kept is held; one that is not, or not any more, is superseded.
    """

    kind = "top n"
    stateful = True
    row_wise = False

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        super().__init__(name, side)
        self.plan = plan
        self.ranking = Ranking(plan, context)
        schema = {c.name: c.type.polars for c in plan.input.columns} | self.ranking.schema
        fields = [pl.Field(n, kind) for n, kind in schema.items()]
        self._single = plan.last == 1
        values = schema if self._single else {_ROWS: pl.List(pl.Struct(fields))}
        self.state = KeyedState("t", self.ranking.key_schema, values)

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        stage = self.ranking.stage
        frame, ranked = self.sifted(stage.computed(batch.frame), batch.frame, stage.failures)
        if not frame.height:
            return None
        result = self._taken(frame.select(self.ranking.columns).hstack(ranked))
        self.counts.given += result.height
        return Batch(result, batch.through)

    def _taken(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Take `rows` in; gives the changes that this makes."""
        parts = partitioned(self.state, columns_of(rows, self.ranking.keys))
        known = np.flatnonzero(parts.known)
        old = self._old(known, parts.slots[known])
        names = [*self.ranking.columns, *self.ranking.names]
        fresh = rows[parts.order].select(*names, SEQ)
        fresh = fresh.with_columns(pl.Series(_KEY, parts.key), pl.lit(-1, pl.Int64).alias(_WAS)).select(old.columns)
        ranked = self._ranked(old, fresh)
        kept = ranked.filter(pl.col(_NOW) < self.plan.last)
        if not self._single:
            grouped = kept.select(_KEY, pl.struct(names).alias(_ROWS)).group_by(_KEY, maintain_order=True)
            self.state.put(parts.slots, grouped.agg(_ROWS).select(_ROWS))
        else:
            self.state.put(parts.slots, kept.select(names))
        self.counts.superseded += ranked.height - kept.height
        self.counts.held += kept.height - old.height
        if self._single:
            return self._replacements(old, fresh)
        last = pl.Series(SEQ, fresh[SEQ].to_numpy()[parts.starts + parts.counts - 1])
        changes = self._renumbered(old, ranked) if self.plan.numbered else self._exchanged(ranked)
        changes = changes.with_columns(last.gather(changes[_KEY]))
        columns = [c.name for c in self.plan.columns]
        return changes.sort(SEQ, _KEY, _PLACE, maintain_order=True).select(*columns, SEQ, KIND)

    def _old(self, keys: NDArray[np.int64], slots: NDArray[np.int64]) -> pl.DataFrame:
        """The rows kept of `keys`, which are at `slots`, with the key and the number from 0 of each."""
        stored = self.state.take(slots)
        sizes = np.ones(len(keys), np.int64)
        if not self._single:
            sizes = stored[_ROWS].list.len().cast(pl.Int64).to_numpy()
            stored = stored[_ROWS].explode(empty_as_null=False, keep_nulls=False).struct.unnest()
        return stored.with_columns(
            pl.Series(_KEY, np.repeat(keys, sizes)),
            pl.Series(_WAS, np.arange(stored.height) - np.repeat(np.cumsum(sizes) - sizes, sizes)),
            pl.lit(-1, pl.Int64).alias(SEQ),
        )

    def _ranked(self, old: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
        """All rows by key and order, with their number from 0."""
        together = pl.concat([fresh.reverse(), old] if self.plan.newest else [old, fresh])
        ranked = self.ranking.sorted(together, _KEY)
        key = ranked[_KEY].to_numpy()
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        sizes = np.diff(np.append(starts, len(key)))
        return ranked.with_columns(pl.Series(_NOW, np.arange(len(key)) - np.repeat(starts, sizes)))

    def _replacements(self, old: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
        """One change for each row that takes the place of the best so far."""
        together = pl.concat([old, fresh]).sort(_KEY, maintain_order=True)
        place, key = self.ranking.places(together), together[_KEY].to_numpy()
        # among the rows of a key in order of arrival, those that are better than all before
        low = pl.DataFrame({_KEY: key, _PLACE: place}).select(
            pl.col(_PLACE).cum_min().shift(1).over(_KEY).fill_null(len(place))
        )
        best = low.to_series().to_numpy()
        better = np.flatnonzero(place <= best if self.plan.newest else place < best)
        seq, is_new = together[SEQ].to_numpy()[better], together[_WAS].to_numpy()[better] < 0
        follows = np.concatenate(([False], key[better][1:] == key[better][:-1]))
        added = better[is_new]
        removed = better[np.flatnonzero(is_new & follows) - 1]
        kinds = np.where(follows[is_new], RowKind.UPDATE_AFTER, RowKind.INSERT).astype(np.uint8)
        at = seq[is_new]
        order = np.argsort(np.concatenate([2 * np.arange(len(added))[follows[is_new]], 2 * np.arange(len(added)) + 1]))
        frame = together[np.concatenate([removed, added])[order]].select(self.ranking.columns)
        frame = frame.with_columns(
            pl.Series(SEQ, np.concatenate([at[follows[is_new]], at])[order]),
            pl.Series(KIND, np.concatenate([np.full(len(removed), RowKind.UPDATE_BEFORE, np.uint8), kinds])[order]),
        )
        return frame.sort(SEQ, maintain_order=True)

    def _visible(self, number: str) -> pl.Expr:
        return pl.col(number).is_between(self.plan.first - 1, self.plan.last - 1)

    def _exchanged(self, ranked: pl.DataFrame) -> pl.DataFrame:
        """The rows that are seen no more, then those that are new, each with its key and kind."""
        gone = ranked.filter(self._visible(_WAS) & ~self._visible(_NOW))
        new = ranked.filter(~self._visible(_WAS) & self._visible(_NOW))
        kinds = (RowKind.DELETE, RowKind.INSERT)
        return pl.concat(
            f.with_columns(pl.lit(kind, pl.UInt8).alias(KIND), pl.lit(i, pl.Int64).alias(_PLACE))
            for i, (f, kind) in enumerate(zip((gone, new), kinds, strict=True))
        )

    def _renumbered(self, old: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
        """Each number that another row has now: taken from the row that had it, given to the one that has it."""
        number = self.plan.columns[-1].name
        new = ranked.filter(self._visible(_NOW) & (pl.col(_WAS) != pl.col(_NOW)))
        had = old.filter(self._visible(_WAS))
        places = (pl.col(_KEY) * self.plan.last + pl.col(_NOW)).alias(_PLACE)
        taken, free = (
            new.select(places).to_series(),
            had.select(pl.col(_KEY) * self.plan.last + pl.col(_WAS)).to_series(),
        )
        gone = had.filter(free.is_in(taken.implode()))
        kinds = np.where(taken.is_in(free.implode()).to_numpy(), RowKind.UPDATE_AFTER, RowKind.INSERT).astype(np.uint8)
        return pl.concat(
            [
                gone.select(
                    *self.ranking.columns,
                    (pl.col(_WAS) + 1).alias(number),
                    _KEY,
                    (2 * pl.col(_WAS)).alias(_PLACE),
                    pl.lit(RowKind.UPDATE_BEFORE, pl.UInt8).alias(KIND),
                ),
                new.select(
                    *self.ranking.columns,
                    (pl.col(_NOW) + 1).alias(number),
                    _KEY,
                    (2 * pl.col(_NOW) + 1).alias(_PLACE),
                    pl.Series(KIND, kinds),
                ),
            ]
        )

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        meta, new = self.state.snapshot()
        return Snapshot(meta, new, self.state.live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.state.restore(meta, blobs)

    @property
    def state_bytes(self) -> int:
        return self.state.size

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Nothing is open: the best rows so far have been given."""
        columns = {c.name: c.type.polars for c in self.plan.columns}
        return pl.DataFrame(schema={**columns, SEQ: pl.Int64(), KIND: pl.UInt8()})
