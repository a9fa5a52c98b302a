"""The first rows of each partition, given once: at the end of their window, or when the watermark passes the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch
from penstock.engine.columns import columns_of
from penstock.engine.held import Held
from penstock.engine.keyed import KeyedState
from penstock.engine.operators.base import Snapshot, Timed
from penstock.engine.ranking import Ranking
from penstock.engine.slices import Slicing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.core.batch import Watermark
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import FirstRows as Plan

__all__ = ["FirstRows"]

_TIME, _AT = "$time", "$at"


class FirstRows(Timed):
    """Rows are held until the watermark reaches their time, or the last ms of their window, and are late after that.

    Then those numbered `first` to `last` are given; the rest are superseded. Keys that are no windows have their one
    row once and for all.
    """

    kind = "first rows"
    version = 2
    older = frozenset({1})

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context, *, carries: bool = False) -> None:
        super().__init__(name, side, carries=carries)
        self.plan = plan
        self.ranking = Ranking(plan, context)
        time = plan.input.column(plan.time)
        self._slicing = Slicing(time.window, attached=True, zone=context.zone) if time.window is not None else None
        self.held = Held("h", _TIME, carries=carries)
        self.seen = KeyedState("k", self.ranking.key_schema, {})
        self.fired = NO_TIME
        self.closed = NO_TIME
        """The time up to which the end of bounded input gave rows."""

    def on_step(self, frame: pl.DataFrame | None, watermark: Watermark) -> Batch | None:
        if frame is not None:
            self._take(frame, watermark)
        if not len(watermark.at):
            return None
        due = self.held.take(watermark.last)
        end = watermark.last == END_OF_TIME
        result = None
        if due is not None:
            at = watermark.set_free(due[SEQ].to_numpy(), due[_TIME].to_numpy())
            self.held.add(due.filter(at == END_OF_TIME))
            due = due.with_columns(pl.Series(_AT, at)).filter(at < END_OF_TIME)
            result = self._given(due, watermark) if due.height else None
            if end and due.height:
                self.closed = max(self.closed, int(due[_TIME].to_numpy().max()))
        self.fired = max(self.fired, self.closed if end else watermark.last)
        return result

    def _given(self, due: pl.DataFrame, watermark: Watermark) -> Batch:
        given = self._chosen(due, keep=True)
        self.counts.superseded += due.height - given.height
        self.counts.passed += given.height
        self.counts.given += given.height
        given = given.select(*(c.name for c in self.plan.columns), pl.col(_AT).alias(SEQ), *self.carried)
        return Batch(given.sort(SEQ, maintain_order=True), watermark.through)

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> None:
        stage = self.ranking.stage
        rows = self._timed(*self.sifted(stage.computed(frame), frame, stage.failures))
        before, time = watermark.before(rows[SEQ].to_numpy()), rows[_TIME].to_numpy()
        late = self._late(time, before)
        if late.any():
            self._report(rows.filter(late), np.maximum(before, self.closed)[late])
            self.counts.late += int(late.sum())
            rows = rows.filter(~late)
        self.held.add(rows)

    def _late(self, time: NDArray[np.int64], before: NDArray[np.int64] | int) -> NDArray[np.bool_]:
        # of a row at the watermark itself Flink says that it is in time, of a window not
        late: NDArray[np.bool_] = time < before if self._slicing is None else time <= before
        return late | (time <= self.closed)

    def _report(self, rows: pl.DataFrame, before: NDArray[np.int64]) -> None:
        window = None
        if self._slicing is not None:
            end = rows[self.plan.time].dt.epoch("ms").to_numpy()
            window = self._slicing.start_of(end), end
        rows = rows.select(*self.ranking.columns, SEQ, *self.carried)
        self.side.too_late(self.name, rows, window, before, self.closed)

    def _timed(self, frame: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
        """The rows with their keys and order, and the watermark that sets each free; 0 for a time that is NULL."""
        time = frame[self.plan.time].dt.epoch("ms").fill_null(0).to_numpy()
        if self._slicing is not None:
            time = self._slicing.epoch_of(time)
        ranked = ranked.with_columns(pl.Series(_TIME, time), *(frame[n] for n in self.carried))
        return frame.select(self.ranking.columns).hstack(ranked)

    def _chosen(self, rows: pl.DataFrame, *, keep: bool) -> pl.DataFrame:
        """Of rows in order of time those that are given, with their number; `keep` says that they are."""
        plan = self.plan
        keys = columns_of(rows, self.ranking.keys)
        if self._slicing is None:
            rows = rows.filter(pl.Series(self.seen.find(keys) < 0))
            keys = columns_of(rows, self.ranking.keys)
        ranked = self.ranking.sorted(rows, *self.ranking.keys) if self.ranking.keys else self.ranking.sorted(rows)
        number = pl.int_range(pl.len(), dtype=pl.Int64)
        number = number.over(self.ranking.keys) if self.ranking.keys else number
        name = plan.columns[-1].name if plan.numbered else "$number"
        chosen = ranked.with_columns((number + 1).alias(name)).filter(pl.col(name).is_between(plan.first, plan.last))
        if self._slicing is None and keep:
            slots, _ = self.seen.place(columns_of(chosen, self.ranking.keys))
            self.seen.put(slots, pl.DataFrame(height=len(slots)))
        return chosen.sort(_TIME, maintain_order=True)

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        self.counts.held = len(self.held)
        held, new = self.held.snapshot()
        seen, blobs = self.seen.snapshot()
        meta = {"held": held, "seen": seen, "fired": self.fired, "closed": self.closed}
        return Snapshot(meta, new | blobs, self.held.live | self.seen.live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.fired, self.closed = meta["fired"], meta["closed"]
        self.held.restore(meta["held"], blobs)
        self.seen.restore(meta["seen"], blobs)

    @property
    def state_rows(self) -> int:
        return self.counts.held + len(self.seen)

    @property
    def state_bytes(self) -> int:
        return self.held.size + self.seen.size

    def waiting(self) -> dict[str, int] | None:
        """The watermark that gives the next row, and how many rows wait for theirs."""
        if not len(self.held):
            return None
        return {"needs": self.held.first, "rows": len(self.held), "reached": self.fired}

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """What the rows that are held would give, if the input ended now."""
        rows = [*self.held.rows(), *(self._peeked(f) for f in frames if f.height)]
        if not rows:
            return self.unplaced(pl.DataFrame(schema={c.name: c.type.polars for c in self.plan.columns}))
        together = pl.concat(rows, how="diagonal").sort(_TIME, maintain_order=True)
        return self.unplaced(self._chosen(together, keep=False).select(c.name for c in self.plan.columns))

    def _peeked(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = self._timed(frame, frame.select(self.ranking.stage.exprs))
        return rows.filter(pl.Series(~self._late(rows[_TIME].to_numpy(), self.fired)))
