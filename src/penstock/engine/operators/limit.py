"""LIMIT: the first rows in the order they come; all others are filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.batch import Batch
from penstock.engine.operators.base import Operator, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.sideoutput import SideOutput

__all__ = ["Limit"]


class Limit(Operator):
    """`count` rows after the first `offset`."""

    kind = "limit"
    stateful = True

    def __init__(self, name: str, side: SideOutput, count: int, offset: int) -> None:
        super().__init__(name, side)
        self.count = count
        self.offset = offset
        self.seen = 0

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        frame = self._kept(batch.frame)
        before = min(batch.height, max(0, self.offset - self.seen))
        after = min(batch.height, max(0, self.seen + batch.height - self.offset - self.count))
        self.seen += batch.height
        self.counts.taken += batch.height
        self.counts.filtered += before + after
        self.counts.passed += frame.height
        self.counts.given += frame.height
        return Batch(frame, batch.through)

    def _kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        first = max(0, self.offset - self.seen)
        return frame.slice(first, max(0, self.offset + self.count - self.seen - first))

    @property
    def satisfied(self) -> bool:
        return self.seen >= self.offset + self.count

    def snapshot(self) -> Snapshot:
        return Snapshot(meta={"seen": self.seen})

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        self.seen = snapshot.meta["seen"]

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        return self._kept(pl.concat(frames))
