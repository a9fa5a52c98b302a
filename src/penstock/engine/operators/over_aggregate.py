"""OVER aggregates: rows are held until the watermark passes their time, then given with what came before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch
from penstock.engine.aggregation import Aggregation
from penstock.engine.columns import columns_of
from penstock.engine.held import Held
from penstock.engine.keys import KeyIndex
from penstock.engine.lateness import Arrivals, judge
from penstock.engine.operators.base import Snapshot, Timed
from penstock.engine.recent import FORGOTTEN, Recent
from penstock.engine.running import Running
from penstock.engine.sideoutput import failure_columns
from penstock.sql.expr import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from penstock.core.batch import Watermark
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import OverAggregate as Plan

__all__ = ["OverAggregate"]

_TIME, _AT = "$time", "$at"
_EPOCH = pl.col(_TIME).dt.epoch("ms").fill_null(0)


class OverAggregate(Timed):
    """Rows come out in order of their time, those of one time as they came, each at the place of the row whose
    watermark passes it.

    Which rows are late is Flink's to say: where all rows before are seen, those behind the watermark; where a frame
    is bounded, those behind a row that their key has given. Of those behind the watermark that are not late, the
    next watermark gives them.
    """

    kind = "over aggregate"
    version = 3
    older = frozenset({2})

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context, *, carries: bool = False) -> None:
        super().__init__(name, side, carries=carries)
        self.plan = plan
        self.groups = Aggregation(plan.partition, plan.calls, context)
        time = plan.input.column(plan.time)
        self._input = self.groups.input([(_TIME, Ref(time.type, time.name))])
        self._finish, self._finish_failures = self.groups.finish()
        self._finish_checks = failure_columns(self._finish_failures)
        self._passed = [c.name for c in plan.input.columns]
        self.bounded = plan.frame.preceding is not None
        schema = self._schema()
        self.frames: Running | Recent
        if plan.frame.preceding is None and self.groups.can_join:
            self.frames = Running(self.groups, schema, _TIME, peers=not plan.frame.rows)
        else:
            self.frames = Recent(self.groups, schema, _TIME, plan.frame)
        self.held = Held("h", _TIME, carries=carries)
        self.overdue = Held("o", _TIME, carries=carries)
        """Rows that the watermark had passed when they came; the next watermark gives them."""
        self._forgotten: pl.DataFrame | None = None
        """Keys of which nothing that was kept is seen any more from this step on."""
        self.fired = NO_TIME
        self.closed = NO_TIME
        """The time up to which the end of bounded input gave rows."""

    def _schema(self) -> dict[str, pl.DataType]:
        """The columns of keys and arguments."""
        columns = {c.name: c.type.polars for c in self.plan.input.columns}
        frame = pl.DataFrame(schema={**columns, SEQ: pl.Int64}).select(self._input.exprs)
        return {n: kind for n, kind in frame.schema.items() if n not in (_TIME, SEQ)}

    # -- rows in -----------------------------------------------------------------------------------

    def on_step(self, frame: pl.DataFrame | None, watermark: Watermark) -> Batch | None:
        behind = None if frame is None else self._take(frame, watermark)
        due = self._due(watermark)
        if behind is not None:
            due = self._with_behind(behind, due, watermark)
        reached = watermark.last
        result = None
        if due is not None:
            result = self._given(due, watermark)
            if reached == END_OF_TIME:
                self.closed = max(self.closed, int(due[_TIME].to_numpy().max()))
        self.fired = max(self.fired, self.closed if reached == END_OF_TIME else reached)
        if isinstance(self.frames, Recent):
            if self._forgotten is not None:
                self.frames.remove(self._forgotten)
                self._forgotten = None
            self.frames.forget(self.fired)
        return result

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> pl.DataFrame | None:
        """Hold rows until the watermark passes their time; gives those that it has passed."""
        rows = self._evaluated(frame)
        time = rows[_TIME].to_numpy()
        behind = time <= np.maximum(watermark.before(rows[SEQ].to_numpy()), self.closed)
        if self.bounded:
            behind |= time <= 0  # to Flink no row there is later than what a new key has given
        if not behind.any():
            self.held.add(rows)
            return None
        self.held.add(rows.filter(~behind))
        return rows.filter(behind)

    def _due(self, watermark: Watermark) -> pl.DataFrame | None:
        """The rows that are given in this step, with the place at which."""
        if not len(watermark.at):
            return None
        parts = [f for f in (self.overdue.take(END_OF_TIME), self.held.take(watermark.last)) if f is not None]
        if not parts:
            return None
        rows = parts[0] if len(parts) == 1 else pl.concat(parts)
        return rows.with_columns(pl.Series(_AT, watermark.set_free(rows[SEQ].to_numpy(), rows[_TIME].to_numpy())))

    def _with_behind(self, rows: pl.DataFrame, due: pl.DataFrame | None, watermark: Watermark) -> pl.DataFrame | None:
        """`due`, and those of `rows`, which are behind the watermark, that are not late and given in this step."""
        before = watermark.before(rows[SEQ].to_numpy())
        late = np.ones(rows.height, np.bool_)
        if self.bounded:
            rows = rows.with_columns(pl.Series(_AT, watermark.set_free(rows[SEQ].to_numpy(), rows[_TIME].to_numpy())))
            late, rows, due = self._judged(rows, before, due)
        if late.any():
            passed = np.maximum(before, self.closed)[late]
            lost = rows.filter(late).select(*self._passed, SEQ, *self.carried)
            self.side.too_late(self.name, lost, None, passed, self.closed)
            self.counts.late += int(late.sum())
        if late.all():
            return due
        rows = rows.filter(~late)
        left = rows.filter(pl.col(_AT) == END_OF_TIME).drop(_AT, FORGOTTEN)
        self.overdue.add(left.filter(pl.col(_TIME) <= watermark.last))
        self.held.add(left.filter(pl.col(_TIME) > watermark.last))
        rows = rows.filter(pl.col(_AT) != END_OF_TIME)
        if not rows.height:
            return due
        return rows if due is None else pl.concat([due, rows], how="diagonal")

    def _judged(
        self, rows: pl.DataFrame, before: NDArray[np.int64], due: pl.DataFrame | None
    ) -> tuple[NDArray[np.bool_], pl.DataFrame, pl.DataFrame | None]:
        """Which of `rows` are late; FORGOTTEN is put beside them and those that are `due`."""
        assert isinstance(self.frames, Recent)
        names = self.groups.key_names
        index = KeyIndex({n: rows.schema[n] for n in names})
        number, _ = index.place(columns_of(rows, names))
        keys = index.keys(np.arange(len(index)))
        behind = _arrivals(rows, number, before)
        due = rows.clear() if due is None else due
        found = index.find(columns_of(due, names))
        mine = due.filter(pl.Series(found >= 0))
        earlier = _arrivals(mine, found[found >= 0], np.zeros(mine.height, np.int64))
        late, of_rows, of_mine, forgotten = judge(behind, earlier, self.frames.last(keys), self.frames.lasting)
        of_due = np.zeros(due.height, np.int64)
        of_due[found >= 0] = of_mine
        # a key that was forgotten, but gives nothing from then on in this step
        given = np.zeros(len(index), np.int64)
        np.maximum.at(given, earlier.key, of_mine)
        now = ~late & (behind.at != END_OF_TIME)
        np.maximum.at(given, behind.key[now], of_rows[now])
        self._forgotten = (
            keys.filter(pl.Series(forgotten > given)) if names else keys.head(int((forgotten > given).any()))
        )
        rows = rows.with_columns(pl.Series(FORGOTTEN, of_rows))
        return late, rows, due.with_columns(pl.Series(FORGOTTEN, of_due)) if due.height else None

    def _evaluated(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The good rows, with their keys, arguments and time (ms; 0, as Flink reads it, for NULL)."""
        frame, rows = self.sifted(self._input.computed(frame), frame, self._input.failures)
        return columns_of(frame, self._passed).hstack(rows.with_columns(_EPOCH, *(frame[n] for n in self.carried)))

    # -- rows out ----------------------------------------------------------------------------------

    def _given(self, rows: pl.DataFrame, watermark: Watermark) -> Batch:
        """The columns of the plan and SEQ, the place that has set each row free; without rows whose result fails."""
        at, time = rows[_AT].to_numpy(), rows[_TIME].to_numpy()
        if (time[1:] < time[:-1]).any():
            rows = rows.sort(_AT, _TIME, maintain_order=True)
        elif (at[1:] < at[:-1]).any():
            rows = rows.sort(_AT, maintain_order=True)
        given = self._finished(rows, self.frames.given(rows, keep=True))
        given = given.with_columns(rows[_AT].alias(SEQ), *(rows[n] for n in self.carried))
        result, _ = self.side.sift(given, given, self._finish_failures, self.name)
        self.counts.passed += result.height
        self.counts.given += result.height
        self.counts.rejected += rows.height - result.height
        return Batch(result, watermark.through)

    def _finished(self, rows: pl.DataFrame, states: Iterable[pl.DataFrame]) -> pl.DataFrame:
        columns = self.plan.columns[len(self._passed) :]
        exprs = [e.cast(c.type.polars).alias(c.name) for e, c in zip(self._finish, columns, strict=True)]
        results = pl.concat([some.select(*exprs, *self._finish_checks) for some in states])
        return columns_of(rows, self._passed).hstack(results)

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        self.counts.held = len(self.held) + len(self.overdue)
        frames, new = self.frames.snapshot()
        meta: dict[str, Any] = {"frames": frames, "fired": self.fired, "closed": self.closed}
        live = set(self.frames.live)
        for name, held in (("held", self.held), ("overdue", self.overdue)):
            meta[name], blobs = held.snapshot()
            new |= blobs
            live |= held.live
        return Snapshot(meta, new, frozenset(live))

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.fired, self.closed = meta["fired"], meta["closed"]
        self.frames.restore(meta["frames"], blobs)
        self.held.restore(meta["held"], blobs)
        self.overdue.restore(meta["overdue"], blobs)

    @property
    def state_rows(self) -> int:
        return self.counts.held + len(self.frames.state)

    @property
    def state_bytes(self) -> int:
        return self.frames.size + self.held.size + self.overdue.size

    def waiting(self) -> dict[str, int] | None:
        """The watermark that gives the next row, and how many rows wait for theirs."""
        rows = len(self.held) + len(self.overdue)
        if not rows:
            return None
        return {"needs": self.fired + 1 if len(self.overdue) else self.held.first, "rows": rows, "reached": self.fired}

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The rows that are held, as if the input ended now."""
        fresh = [self._peeked(f) for f in frames if f.height]
        rows = [*self.overdue.rows(), *self.held.rows(), *fresh]
        if not rows:
            return self.unplaced(pl.DataFrame(schema={c.name: c.type.polars for c in self.plan.columns}))
        together = pl.concat(rows, how="diagonal").sort(_TIME, maintain_order=True)
        given = self._finished(together, self.frames.given(together))
        return self.unplaced(given.select(c.name for c in self.plan.columns))

    def _peeked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Those of the rows that would come in that would not be late, with their keys, arguments and time."""
        rows = columns_of(frame, self._passed).hstack(frame.select(self._input.exprs).with_columns(_EPOCH))
        time = rows[_TIME].to_numpy()
        late = time <= self.fired
        if isinstance(self.frames, Recent):
            late = (late | (time <= 0)) & (
                time <= self.frames.remembered(columns_of(rows, self.groups.key_names), self.fired)
            )
        return rows.filter(pl.Series(~late))


def _arrivals(rows: pl.DataFrame, keys: NDArray[np.int64], before: NDArray[np.int64]) -> Arrivals:
    return Arrivals(keys, rows[SEQ].to_numpy(), rows[_TIME].to_numpy(), before, rows[_AT].to_numpy())
