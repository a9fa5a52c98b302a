"""A windowing table function without an aggregate: each row once per window that it is in, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.core.batch import SEQ, Batch
from penstock.engine.operators.base import Operator
from penstock.engine.slices import Slicing

if TYPE_CHECKING:
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import WindowTable as Plan

__all__ = ["WindowTable"]


class WindowTable(Operator):
    """Adds the window's borders; no row is late here. A row without a time is in no window."""

    kind = "window table"

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context, *, carries: bool = False) -> None:
        super().__init__(name, side, carries=carries)
        self.plan = plan
        self.slicing = Slicing(plan.window, attached=False, zone=context.zone)
        self._outside = self._inside = 0
        """Of the last batch: rows between the windows of a HOP whose slide is longer than its size, and rows due."""

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        frame = batch.frame.filter(pl.col(self.plan.time).is_not_null())
        result = self._windowed(frame)
        self.counts.taken += batch.height
        self.counts.filtered += batch.height - frame.height
        passed = frame.height - self._outside
        self.counts.filtered += self._outside
        self.counts.passed += passed
        self.counts.given += self._inside
        return Batch(result, batch.through)

    def _windowed(self, frame: pl.DataFrame) -> pl.DataFrame:
        time = frame.select(self.slicing.local(pl.col(self.plan.time)).alias("time"))["time"].to_numpy()
        rows, ends = self.slicing.windows_at(time)
        self._outside = frame.height - len(np.unique(rows))
        self._inside = len(rows)
        result = frame if len(rows) == frame.height and not self._outside else frame[rows]
        return result.with_columns(self._borders(ends)).select(*(c.name for c in self.plan.columns), SEQ, *self.carried)

    def _borders(self, ends: np.ndarray) -> list[pl.Series]:
        start, end, time = self.plan.columns[-3:]
        window_time = pl.Series(time.name, self.slicing.time_of(ends)).cast(pl.Datetime("ms"))
        if isinstance(time.type, t.TimestampLtz):
            window_time = window_time.dt.replace_time_zone("UTC")
        return [
            pl.Series(start.name, self.slicing.start_of(ends)).cast(start.type.polars),
            pl.Series(end.name, ends).cast(end.type.polars),
            window_time.cast(time.type.polars),
        ]

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        return self._windowed(pl.concat(frames).filter(pl.col(self.plan.time).is_not_null()))
