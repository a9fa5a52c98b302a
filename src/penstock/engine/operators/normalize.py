"""Records that each replace the row of their key as the changes they make: what was goes, what is new comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import KIND, SEQ, Batch, RowKind
from penstock.engine.columns import equal_rows
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Operator, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.plan import Normalize as Plan

__all__ = ["Normalize"]


class Normalize(Operator):
    """Keeps the row of each key. One change for each record that makes one: the first is +I, later ones -U and +U, the
    end (KIND of the record is DELETE) -D of the row as it was. A record that changes nothing is filtered.
    """

    kind = "normalize"
    stateful = True

    def __init__(self, name: str, side: SideOutput, plan: Plan) -> None:
        super().__init__(name, side)
        self.columns = {c.name: c.type.polars for c in plan.columns}
        keys = {n: self.columns[n] for n in plan.key}
        self.state = KeyedState("n", keys, {n: kind for n, kind in self.columns.items() if n not in keys})

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        rows = batch.frame
        slots, new = self.state.place(rows)
        before, had = self._before(rows, slots, new)
        has = rows[KIND].to_numpy() != RowKind.DELETE
        moved = (had != has) | (had & has & ~equal_rows(before, rows, self.columns))
        self._keep(rows, slots, has)
        taken_back, put = had & moved, has & moved
        gone = np.where(has, RowKind.UPDATE_BEFORE, RowKind.DELETE).astype(np.uint8)
        come = np.where(had, RowKind.UPDATE_AFTER, RowKind.INSERT).astype(np.uint8)
        result = pl.concat(
            [
                before.with_columns(rows[SEQ], pl.Series(KIND, gone)).filter(taken_back),
                rows.select(*self.columns, SEQ).with_columns(pl.Series(KIND, come)).filter(put),
            ]
        )
        order = np.concatenate([2 * np.flatnonzero(taken_back), 2 * np.flatnonzero(put) + 1])
        passed = int(moved.sum())
        self.counts.taken += rows.height
        self.counts.passed += passed
        self.counts.filtered += rows.height - passed
        self.counts.given += result.height
        return Batch(result[np.argsort(order)], batch.through)

    def _before(
        self, rows: pl.DataFrame, slots: NDArray[np.int64], new: NDArray[np.int64]
    ) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """The row of its key that each record finds, and whether there is one."""
        count = len(slots)
        order = np.argsort(slots, kind="stable")
        follows = np.concatenate(([False], slots[order][1:] == slots[order][:-1]))
        earlier = np.full(count, -1, np.int64)
        earlier[order[follows]] = order[np.flatnonzero(follows) - 1]
        had = np.zeros(count, np.bool_)
        kinds = rows[KIND].to_numpy()
        had[earlier >= 0] = kinds[earlier[earlier >= 0]] != RowKind.DELETE
        known = (earlier < 0) & ~np.isin(slots, new)
        had[known] = True
        stored = self.state.keys(slots[known]).hstack(self.state.take(slots[known])).select(*self.columns)
        earlier[known] = count + np.arange(stored.height)
        together = pl.concat([rows.select(*self.columns), stored])
        return together[np.where(earlier >= 0, earlier, 0)], had

    def _keep(self, rows: pl.DataFrame, slots: NDArray[np.int64], has: NDArray[np.bool_]) -> None:
        """The last record of each key decides."""
        found, places = np.unique(slots[::-1], return_index=True)
        last = len(slots) - 1 - places
        stays = has[last]
        self.state.put(found[stays], rows[last[stays]])
        self.state.remove(found[~stays])

    def snapshot(self) -> Snapshot:
        meta, new = self.state.snapshot()
        return Snapshot(meta, new, self.state.live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        self.state.restore(snapshot.meta, blobs)

    @property
    def state_rows(self) -> int:
        return len(self.state)

    @property
    def state_bytes(self) -> int:
        return self.state.size

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Nothing is open: every change has been given."""
        return pl.DataFrame(schema={**self.columns, SEQ: pl.Int64(), KIND: pl.UInt8()})
