"""The end of a pipeline: rows into a connector's sink, NOT NULL enforced on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.engine.operators.base import Operator, Snapshot
from penstock.engine.runs import frame_blob, read_blob
from penstock.engine.sideoutput import failure_columns
from penstock.sql.functions.spec import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.batch import Batch
    from penstock.core.edges import Sink as Connector
    from penstock.core.edges import Transaction
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.plan import Sink as Plan

__all__ = ["SinkOperator"]


class SinkOperator(Operator):
    """Writes the rows of one INSERT; they count as passed when they are committed."""

    kind = "sink"
    stateful = True

    def __init__(self, name: str, side: SideOutput, plan: Plan, connector: Connector) -> None:
        super().__init__(name, side)
        self.table = plan.table.name
        self.connector = connector
        self.columns = [c.name for c in plan.columns]
        certain = {c.name for c in plan.table.sink_columns if not c.type.nullable}
        self._failures = tuple(
            Failure(
                pl.col(c.name).is_null(),
                "null-in-not-null-column",
                f"column '{c.name}' of {self.table} is NOT NULL, and this row has none",
            )
            for c in plan.columns
            if c.name in certain and c.type.nullable
        )
        self._stored: frozenset[str] = frozenset()

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        frame = batch.frame
        self.counts.taken += frame.height
        checked = frame.with_columns(failure_columns(self._failures)) if self._failures else frame
        good, kept = self.side.sift(checked, frame, self._failures, self.name)
        if kept is not None:
            self.counts.rejected += int((~kept).sum())
        if good.height:
            self.connector.write(good.select(self.columns))
        return None

    def prepare(self, epoch: int, transaction: Transaction) -> bytes:
        """Hand over to the transaction, or to what `commit` will show; the token for that."""
        prepared = self.connector.prepare(epoch, transaction)
        self.counts.passed += prepared.rows
        self.counts.held = self.connector.held_rows
        return prepared.token

    def snapshot(self) -> Snapshot:
        meta, frames = self.connector.snapshot()
        new = {name: frame_blob(frame) for name, frame in frames.items() if name not in self._stored}
        self._stored = frozenset(frames)
        return Snapshot(meta, new, self._stored)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        self._stored = snapshot.live
        self.connector.restore(snapshot.meta, {name: read_blob(blobs[name]) for name in snapshot.live})
