"""UNION ALL: the rows of all inputs in the order of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.batch import KIND, SEQ, Batch, RowKind
from penstock.engine.operators.base import Operator
from penstock.engine.origins import fitted

if TYPE_CHECKING:
    from penstock.core.batch import Watermark
    from penstock.engine.sideoutput import SideOutput

__all__ = ["Union"]


class Union(Operator):
    """Merges its inputs by SEQ; at one place, the inputs come in the order in which the query names them."""

    kind = "union"

    def __init__(
        self, name: str, side: SideOutput, columns: tuple[str, ...], *, changes: bool = False, carries: bool = False
    ) -> None:
        super().__init__(name, side, carries=carries)
        self.columns = columns
        self._changes = changes
        self._waiting: dict[int, pl.DataFrame] = {}

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        self.counts.taken += batch.height
        frame = batch.frame
        if self._changes and KIND not in frame.columns:
            frame = frame.with_columns(pl.lit(RowKind.INSERT, pl.UInt8).alias(KIND))
        frame = fitted(frame, carries=bool(self.carried))
        self._waiting[port] = frame[[*self.columns, SEQ, *([KIND] if self._changes else []), *self.carried]]
        return None

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        frames = [frame for _, frame in sorted(self._waiting.items())]
        self._waiting = {}
        if not frames:
            return None
        frame = frames[0] if len(frames) == 1 else pl.concat(frames).sort(SEQ, maintain_order=True)
        self.counts.passed += frame.height
        self.counts.given += frame.height
        return Batch(frame, watermark.through)

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(frames, how="diagonal")
