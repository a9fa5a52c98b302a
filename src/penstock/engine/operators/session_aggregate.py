"""GROUP BY over session windows: partial results per session, merged and given when it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import SEQ, without
from penstock.core.errors import LedgerError
from penstock.engine.aggregation import Aggregation
from penstock.engine.bags import Bags
from penstock.engine.columns import columns_of
from penstock.engine.operators.calc import OPEN_END
from penstock.engine.operators.session_window import SESSION, SessionWindow
from penstock.engine.sessions import LATE
from penstock.engine.sideoutput import failure_columns

if TYPE_CHECKING:
    from penstock.core.batch import Watermark
    from penstock.engine.operators.base import Snapshot
    from penstock.engine.session_state import Joined
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import WindowAggregate as Plan

__all__ = ["SessionAggregate"]

_TIME, _ROWS = "$time", "$rows"
_BUFFER = 65_536
"""So many rows are collected before they are aggregated: a call on few rows costs as much as on thousands."""


class SessionAggregate(SessionWindow):
    """One row per session, whose keys are those that tell sessions apart."""

    kind = "session aggregate"

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context) -> None:
        self.plan = plan
        self.groups = Aggregation(plan.keys, plan.calls, context)
        super().__init__(name, side, plan.window, self.groups.key_schema, context)
        self._input = self.groups.timed_input(_TIME, plan.input.column(plan.time), self.slicing.local)
        self._finish, self._finish_failures = self.groups.finish()
        self.partials = Bags("p", SESSION, self._merged)
        self.members = [
            Bags(f"d{i}.", SESSION, lambda rows: rows.unique(maintain_order=True))
            for i in range(len(self.groups.distinct))
        ]
        self.bags = (self.partials, *self.members)
        self.buffer: list[pl.DataFrame] = []
        self.buffered = 0

    # -- rows in -----------------------------------------------------------------------------------

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> None:
        frame, rows = self.sifted(self._input.computed(frame), frame, self._input.failures)
        if not rows.height:
            return
        session = self._join(frame, rows, rows[_TIME].to_numpy(), watermark)
        rows = without(rows, _TIME, SEQ, *self.groups.key_names).with_columns(pl.Series(SESSION, session))
        self.buffer.append(rows.filter(pl.col(SESSION) != LATE) if (session == LATE).any() else rows)
        self.buffered += rows.height
        if self.buffered >= _BUFFER:
            self._flush()

    def _unite(self, joined: Joined) -> None:
        self._flush()
        super()._unite(joined)

    def _flush(self) -> None:
        """Aggregate what was collected."""
        if not self.buffer:
            return
        rows = pl.concat(self.buffer)
        self.buffer, self.buffered = [], 0
        partial = self._partial(rows)
        self.partials.add(partial)
        groups = columns_of(partial, [SESSION])
        for members, distinct in zip(self.members, self.groups.distinct, strict=True):
            members.add(distinct.thinned(columns_of(rows, [SESSION, *distinct.args]), groups))

    def _partial(self, rows: pl.DataFrame) -> pl.DataFrame:
        count = pl.len().cast(pl.Int64).alias(_ROWS)
        return rows.group_by(SESSION, maintain_order=True).agg(*self.groups.partial(), count)

    def _merged(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.group_by(SESSION, maintain_order=True).agg(*self.groups.merge(), pl.col(_ROWS).sum())

    # -- sessions out ------------------------------------------------------------------------------

    def _given(self, due: pl.DataFrame, seq: pl.Series) -> pl.DataFrame:
        self._flush()
        ids = due["$id"].to_numpy()
        kept = [bag.take(ids) for bag in self.bags]
        for bag, rows in zip(self.bags, kept, strict=True):
            if rows is not None:
                bag.drop(ids, rows.height)
        results = self._results(due, kept)
        rows_given = int(results[_ROWS].sum())
        self.counts.passed += rows_given
        self.counts.held -= rows_given
        given = self._columns(results, failure_columns(self._finish_failures)).with_columns(seq)
        return self.side.sift(given, given, self._finish_failures, self.name)[0]

    def _results(self, due: pl.DataFrame, kept: list[pl.DataFrame | None]) -> pl.DataFrame:
        """`due` beside the states of all calls."""
        results = due
        for i, rows in enumerate(kept):
            if rows is None:
                raise self._lost(due.height, 0)
            states = self._merged(rows) if i == 0 else self.groups.distinct[i - 1].counted(rows, [SESSION])
            results = results.join(states, left_on="$id", right_on=SESSION, how="inner", maintain_order="left")
            if results.height != due.height:
                raise self._lost(due.height, results.height)
        return results

    def _lost(self, due: int, given: int) -> LedgerError:
        return LedgerError(
            f"{self.name}: {due} sessions are due, there are rows of {given}",
            code="ledger-windows",
            hint="nothing was committed since the last checkpoint; please report this with the plan",
        )

    def _columns(self, results: pl.DataFrame, extra: list[pl.Expr]) -> pl.DataFrame:
        """The columns of the plan, of what `_results` gave."""
        plan = self.plan
        names = [c.name for c in plan.columns]
        exprs = [e.alias(n) for e, n in zip(self.groups.key_columns(), names, strict=False)]
        calls = plan.columns[len(plan.keys) : len(plan.keys) + len(plan.calls)]
        exprs += [e.cast(c.type.polars).alias(c.name) for e, c in zip(self._finish, calls, strict=True)]
        start, end = results["$start"].to_numpy(), results["$end"].to_numpy()
        borders = plan.columns[len(plan.columns) - len(plan.borders) :]
        return results.select(*exprs, *extra, *(self.slicing.border(c, start, end) for c in borders)).select(
            *names, *(e.meta.output_name() for e in extra)
        )

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        self._flush()
        return super().snapshot()

    @property
    def state_bytes(self) -> int:
        return super().state_bytes + sum(int(f.estimated_size()) for f in self.buffer)

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The sessions that are open, as if they closed now."""
        self._flush()
        due = self.sessions.all()
        kept = [bag.take(due["$id"].to_numpy()) for bag in self.bags]
        coming = [f.select(self._input.exprs).filter(pl.col(_TIME).is_not_null()) for f in frames if f.height]
        if coming:
            due, kept = self._with(pl.concat(coming), kept)
        if not due.height:
            empty = {c.name: c.type.polars for c in self.plan.columns}
            return pl.DataFrame(schema={**empty, OPEN_END: pl.Datetime("ms"), SEQ: pl.Int64})
        ends = due["$end"].cast(pl.Datetime("ms")).alias(OPEN_END)
        return self._columns(self._results(due, kept), []).with_columns(ends, pl.lit(0, dtype=pl.Int64).alias(SEQ))

    def _with(
        self, rows: pl.DataFrame, kept: list[pl.DataFrame | None]
    ) -> tuple[pl.DataFrame, list[pl.DataFrame | None]]:
        """The open sessions, and what is kept of theirs, if `rows` came in now."""
        sessions = self.sessions.copy()
        joined = sessions.join(rows, rows[_TIME].to_numpy(), np.full(rows.height, self.passed))
        rows = rows.with_columns(pl.Series(SESSION, joined.session)).filter(pl.col(SESSION) != LATE)
        new = [self._partial(rows), *(rows.select(SESSION, *d.args) for d in self.groups.distinct)]
        united = pl.col(SESSION).replace(joined.gone, joined.into)
        return sessions.all(), [
            more if old is None else pl.concat([old.with_columns(united), more])
            for old, more in zip(kept, new, strict=True)
        ]
