"""GROUP BY over windows: partial results per slice and group, merged and given when a window closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch, without
from penstock.core.errors import InternalError, LedgerError
from penstock.engine.aggregation import Aggregation
from penstock.engine.columns import columns_of
from penstock.engine.operators.base import Snapshot, Timed
from penstock.engine.operators.calc import OPEN_END
from penstock.engine.runs import Runs
from penstock.engine.sideoutput import SideOutput, failure_columns
from penstock.engine.slices import Slicing
from penstock.sql.plan import SET_COLUMN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from penstock.core.batch import Watermark
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import WindowAggregate as Plan

__all__ = ["WindowAggregate"]

_SLICE, _FIRST, _END, _ROWS, _TIME = "$slice", "$first", "$end", "$rows", "$time"
_BUFFER = 65_536
"""So many rows are collected before they are aggregated: a call on few rows costs as much as on thousands."""


class WindowAggregate(Timed):
    """Rows go into the slice that their event time is in; a window closes when the watermark reaches its last ms.

    Whether a row is late is decided against the watermark before it, so that no cut of the input matters: a
    row all of whose windows have closed is late; one that some have closed counts in the others alone
    (`$first` is the first of those), and what it lost is listed with the late rows.
    """

    kind = "window aggregate"

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        super().__init__(name, side)
        self.plan = plan
        self.slicing = Slicing(plan.window, plan.attached, context.zone)
        self.groups = Aggregation(plan.keys, plan.calls, context)
        self._input = self.groups.timed_input(_TIME, plan.input.column(plan.time), self.slicing.local)
        self._finish, self._finish_failures = self.groups.finish()
        self._by = [_SLICE, *([_FIRST] if self.slicing.shared else []), *self.groups.key_names]
        self.partials = Runs("p", self._merged)
        self.members = [Runs(f"d{i}.", self._unrepeated) for i in range(len(self.groups.distinct))]
        self.buffer: list[pl.DataFrame] = []
        self.buffered = 0
        self.fired = NO_TIME
        """The watermark up to which windows were given."""
        self.closed = NO_TIME
        """The watermark that the end of bounded input stood for, when it closed the windows it found."""
        self._next = END_OF_TIME
        """The watermark at which the next window closes."""

    # -- rows in -----------------------------------------------------------------------------------

    def on_step(self, frame: pl.DataFrame | None, watermark: Watermark) -> Batch | None:
        if frame is not None:
            self._take(frame, watermark)
        end = watermark.last == END_OF_TIME
        if end or watermark.last >= self._next:
            return self._fire(watermark, end=end)
        self.fired = max(self.fired, watermark.last)
        return None

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> None:
        frame, rows = self.sifted(self._input.computed(frame), frame, self._input.failures)
        if not rows.height:
            return
        end = self.slicing.end_of(rows[_TIME].to_numpy())
        first = end
        reached = watermark.start if watermark.last == END_OF_TIME else watermark.last
        if self._epoch(int(end.min())) <= max(reached, self.closed):
            kept, first = self._on_time(frame, end, rows[SEQ].to_numpy(), watermark)
            if not kept.all():
                rows, end, first = rows.filter(kept), end[kept], first[kept]
            if not len(end):
                return
        columns = [pl.Series(_SLICE, end)] + ([pl.Series(_FIRST, first)] if self.slicing.shared else [])
        self.buffer.append(without(rows, _TIME, SEQ).hstack(columns))
        self.buffered += rows.height
        self._next = min(self._next, self._epoch(int(first.min())))
        if self.buffered >= _BUFFER:
            self._flush()

    def _epoch(self, border: int) -> int:
        return int(self.slicing.epoch_of(np.array([border], np.int64))[0])

    def _on_time(
        self, frame: pl.DataFrame, end: NDArray[np.int64], seq: NDArray[np.int64], watermark: Watermark
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which rows some open window still wants, and the end of the first such window of each."""
        slicing = self.slicing
        before = np.maximum(watermark.before(seq), self.closed)
        first, last = end.copy(), slicing.last_window(end)
        if slicing.shared:
            closed = slicing.epoch_of(first) <= before
            while closed.any():
                first[closed] += self.plan.window.slide
                closed = (slicing.epoch_of(first) <= before) & (first <= last)
        late = slicing.epoch_of(last) <= before
        lost = late | (first > end)
        if lost.any():
            self._report(frame.filter(pl.Series(lost)), end[lost], first[lost], late[lost], before[lost])
        self.counts.late += int(late.sum())
        return ~late, first

    def _report(
        self,
        rows: pl.DataFrame,
        end: NDArray[np.int64],
        first: NDArray[np.int64],
        late: NDArray[np.bool_],
        before: NDArray[np.int64],
    ) -> None:
        """List rows that came after the end of one of their windows; each with the first one it lost."""
        slicing = self.slicing
        windows = (first - end) // self.plan.window.slide if slicing.shared else None
        border = slicing.start_of(end), end
        self.side.too_late(self.name, rows, border, before, self.closed, windows=windows, lost=late)

    # -- partial results ---------------------------------------------------------------------------

    def _flush(self) -> None:
        """Aggregate what was collected."""
        if not self.buffer:
            return
        rows = pl.concat(self.buffer)
        self.buffer, self.buffered = [], 0
        partial = rows.group_by(self._by, maintain_order=True).agg(
            *self.groups.partial(), pl.len().cast(pl.Int64).alias(_ROWS)
        )
        self.partials.append(partial)
        groups = columns_of(partial, self._by)
        for members, distinct in zip(self.members, self.groups.distinct, strict=True):
            members.append(distinct.thinned(columns_of(rows, [*self._by, *distinct.args]), groups))

    def _merged(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.group_by(self._by, maintain_order=True).agg(*self.groups.merge(), pl.col(_ROWS).sum())

    @staticmethod
    def _unrepeated(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.unique(maintain_order=True)

    # -- windows out -------------------------------------------------------------------------------

    def _fire(self, watermark: Watermark, *, end: bool) -> Batch | None:
        reached = watermark.last
        self._flush()
        due = self._due(list(self.partials), reached)
        result = None
        if due is not None and due.height:
            given = self._results(due, [self._due(list(m), reached) for m in self.members])
            self._require_all(int(due[_ROWS].sum()) * len(self.plan.sets or (0,)), int(given[_ROWS].sum()))
            ends = given[_END].to_numpy()
            at = pl.Series(SEQ, watermark.passed(self.slicing.epoch_of(ends)))
            given = self._columns(given, failure_columns(self._finish_failures)).with_columns(at)
            given, _ = self.side.sift(given, given, self._finish_failures, self.name)
            self.counts.given += given.height
            result = Batch(given, watermark.through)
            if end:
                self.closed = max(self.closed, self._epoch(int(ends.max())))
        retired = self._retire(reached)
        if not self.slicing.shared:
            self._require_all(retired, 0 if due is None else int(due[_ROWS].sum()))
        self.fired = max(self.fired, self.closed) if end else reached
        self._next = self._next_close()
        return result

    def _require_all(self, due: int, given: int) -> None:
        """Rows count as passed when their windows are given: all those due are in what was given."""
        if due != given:
            raise LedgerError(
                f"{self.name}: windows of {due} rows are due, those given hold {given}",
                code="ledger-windows",
                hint="nothing was committed since the last checkpoint; please report this with the plan",
            )

    def _next_close(self) -> int:
        """The watermark at which the next window closes, of the slices there are."""
        slices = self._slices()
        if not len(slices):
            return END_OF_TIME
        epochs = self.slicing.epoch_of(slices)
        while self.slicing.shared and (epochs <= self.fired).any():
            slices = np.where(epochs <= self.fired, slices + self.plan.window.slide, slices)
            epochs = self.slicing.epoch_of(slices)
        return int(epochs.min())

    def _slices(self) -> NDArray[np.int64]:
        """The slices that have rows, ascending."""
        ends = [f[_SLICE].unique().to_numpy() for f in self.partials]
        return np.unique(np.concatenate(ends)) if ends else np.empty(0, np.int64)

    def _due(self, frames: list[pl.DataFrame], reached: int) -> pl.DataFrame | None:
        """The rows of all windows that `reached` closes, with `$end`, the windows in order."""
        slicing = self.slicing
        if not frames:
            return None
        if not slicing.shared:
            parts = [f.filter(pl.col(_SLICE) <= self._border(reached)) for f in frames]
            rows = pl.concat(parts).rename({_SLICE: _END})
        else:
            pairs = pl.concat([f.select(_SLICE, _FIRST).unique() for f in frames]).unique()
            rows = pl.concat(frames).join(
                self._windows(pairs, reached), on=[_SLICE, _FIRST], how="inner", maintain_order="left"
            )
            return rows.sort(_END, *self._slice_order(), maintain_order=True)
        return rows.sort(_END, maintain_order=True)

    def _slice_order(self) -> list[pl.Expr]:
        """In which order Flink puts the slices of one window together; lists show it.

        HOP: the newest first. CUMULATE: step by step, rows for steps that had fired when they came before
        the next step's own.
        """
        if self.plan.window.kind == "HOP":
            return [-pl.col(_SLICE)]
        return [pl.col(_FIRST), pl.col(_SLICE) == pl.col(_FIRST)]

    def _border(self, reached: int) -> int:
        """The last window end that a watermark of `reached` closes."""
        if reached == END_OF_TIME:
            return END_OF_TIME
        if not self.slicing.zoned:
            return reached + 1
        slices = self._slices()
        closed = slices[self.slicing.epoch_of(slices) <= reached]
        return int(closed.max()) if len(closed) else NO_TIME

    def _windows(self, pairs: pl.DataFrame, reached: int) -> pl.DataFrame:
        """(`$slice`, `$first`, `$end`): which windows each slice goes into now."""
        slices, first = pairs[_SLICE].to_numpy(), pairs[_FIRST].to_numpy()
        last = self.slicing.last_window(slices)
        found = []
        end = slices.copy()
        while (end <= last).any():
            epoch = self.slicing.epoch_of(end)
            wanted = (end <= last) & (end >= first) & (epoch <= reached) & (epoch > self.fired)
            found.append(pl.DataFrame({_SLICE: slices[wanted], _FIRST: first[wanted], _END: end[wanted]}))
            end = end + self.plan.window.slide
        return pl.concat(found)

    def _results(self, due: pl.DataFrame, members: list[pl.DataFrame | None]) -> pl.DataFrame:
        """One row per window and group: keys, states, `$end`, and the grouping set's number where there are sets."""
        names = self.groups.key_names
        sets = self.plan.sets or (tuple(range(len(names))),)
        parts = []
        for number, positions in enumerate(sets):
            by = [_END, *(names[i] for i in positions)]
            states = due.group_by(by, maintain_order=True).agg(*self.groups.merge(), pl.col(_ROWS).sum())
            for distinct, rows in zip(self.groups.distinct, members, strict=True):
                assert rows is not None
                counted = distinct.counted(rows, by)
                if not counted.select(by).equals(states.select(by)):
                    raise InternalError(f"{self.name}: DISTINCT sets and groups have come apart", code="state-distinct")
                states = states.hstack(counted.drop(by))
            missing = [pl.lit(None, dtype=due.schema[n]).alias(n) for i, n in enumerate(names) if i not in positions]
            parts.append(states.with_columns(*missing, pl.lit(number, dtype=pl.Int32).alias(SET_COLUMN)))
        if len(parts) == 1:
            return parts[0]
        columns = parts[0].columns
        return pl.concat([p.select(columns) for p in parts]).sort(_END, maintain_order=True)

    def _columns(self, results: pl.DataFrame, extra: list[pl.Expr]) -> pl.DataFrame:
        """The columns of the plan, of what `_results` gave."""
        plan = self.plan
        ends = results[_END].to_numpy()
        exprs = [e.alias(c.name) for e, c in zip(self.groups.key_columns(), plan.columns, strict=False)]
        rest = iter(plan.columns[len(plan.keys) :])
        exprs += [e.cast(c.type.polars).alias(c.name) for e, c in zip(self._finish, rest, strict=False)]
        if plan.sets:
            exprs.append(pl.col(SET_COLUMN))
        result = results.select(*exprs, *extra, pl.col(_END))
        borders = plan.columns[len(plan.columns) - len(plan.borders) :]
        start = self.slicing.start_of(ends)
        return result.with_columns(self.slicing.border(c, start, ends) for c in borders).drop(_END)

    def _retire(self, reached: int) -> int:
        """Let go of slices whose last window has closed; their rows, so many, have had their effect."""
        slices = self._slices()
        if reached == END_OF_TIME:
            dead = slices
        else:
            dead = slices[self.slicing.epoch_of(self.slicing.last_window(slices)) <= reached]
        if not len(dead):
            return 0
        gone = pl.col(_SLICE).is_in(pl.Series(dead).implode())
        retired = sum(int(f.filter(gone)[_ROWS].sum()) for f in self.partials)
        self.counts.passed += retired
        for runs in (self.partials, *self.members):
            runs.retire(~gone)
        return retired

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        self._flush()
        self.counts.held = sum(int(f[_ROWS].sum()) for f in self.partials)
        metas: list[dict[str, Any]] = []
        new: dict[str, bytes] = {}
        for runs in (self.partials, *self.members):
            meta, blobs = runs.snapshot()
            metas.append(meta)
            new |= blobs
        live = frozenset(run_id for meta in metas for run_id, _ in meta["runs"])
        return Snapshot({"runs": metas, "fired": self.fired, "closed": self.closed}, new, live)

    def restore(self, snapshot: Snapshot, blobs: Mapping[str, bytes]) -> None:
        meta: dict[str, Any] = snapshot.meta
        self.fired, self.closed = meta["fired"], meta["closed"]
        for runs, part in zip((self.partials, *self.members), meta["runs"], strict=True):
            runs.restore(part, blobs)
        passed = self.counts.passed
        self._retire(self.fired)
        self.counts.passed = passed  # those rows were counted when their windows closed
        self._next = self._next_close()

    @property
    def state_bytes(self) -> int:
        buffered = sum(int(f.estimated_size()) for f in self.buffer)
        return buffered + self.partials.size + sum(m.size for m in self.members)

    def waiting(self) -> dict[str, int] | None:
        """The watermark that closes the next window, and how many rows wait for theirs."""
        if self._next == END_OF_TIME:
            return None
        return {"needs": self._next, "rows": self.counts.held, "reached": self.fired}

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The windows that are open, as if they closed now."""
        partials, members = list(self.partials), [list(m) for m in self.members]
        rows = [self._peeked(f) for f in frames if f.height] + self.buffer
        if rows:
            together = pl.concat(rows, how="diagonal")
            partials.append(
                together.group_by(self._by, maintain_order=True).agg(
                    *self.groups.partial(), pl.len().cast(pl.Int64).alias(_ROWS)
                )
            )
            for runs, distinct in zip(members, self.groups.distinct, strict=True):
                runs.append(together.select(*self._by, *distinct.args))
        due = self._due(partials, END_OF_TIME)
        if due is None:
            empty = {c.name: c.type.polars for c in self.plan.columns}
            return pl.DataFrame(schema={**empty, OPEN_END: pl.Datetime("ms"), SEQ: pl.Int64})
        results = self._results(due, [self._due(m, END_OF_TIME) for m in members])
        ends = results[_END].cast(pl.Datetime("ms")).alias(OPEN_END)
        return self._columns(results, []).with_columns(ends, pl.lit(0, dtype=pl.Int64).alias(SEQ))

    def _peeked(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = frame.select(self._input.exprs).filter(pl.col(_TIME).is_not_null())
        end = self.slicing.end_of(rows[_TIME].to_numpy())
        columns = [pl.Series(_SLICE, end)] + ([pl.Series(_FIRST, end)] if self.slicing.shared else [])
        in_time = self.slicing.epoch_of(self.slicing.last_window(end)) > self.fired
        return without(rows, _TIME, SEQ).hstack(columns).filter(pl.Series(in_time))
