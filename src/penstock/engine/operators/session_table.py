"""SESSION without an aggregate: the rows of a session, with its borders, when it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.core.batch import SEQ
from penstock.engine.bags import Bags
from penstock.engine.operators.calc import OPEN_END
from penstock.engine.operators.session_window import SESSION, SessionWindow
from penstock.engine.sessions import LATE

if TYPE_CHECKING:
    from penstock.core.batch import Watermark
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import WindowTable as Plan

__all__ = ["SessionTable"]


class SessionTable(SessionWindow):
    """Rows wait until their session closes: its borders are not known before. One without a time is in no session."""

    kind = "session table"
    version = 2
    older = frozenset({1})

    def __init__(self, name: str, side: SideOutput, plan: Plan, context: Context, *, carries: bool = False) -> None:
        types = {c.name: c.type.polars for c in plan.input.columns}
        super().__init__(name, side, plan.window, {n: types[n] for n in plan.partition}, context, carries=carries)
        self.plan = plan
        self.names = [c.name for c in plan.input.columns]
        self.rows = Bags("r", SESSION, lambda rows: rows, carries=carries)
        self.bags = (self.rows,)

    def _take(self, frame: pl.DataFrame, watermark: Watermark) -> None:
        timed = frame.filter(pl.col(self.plan.time).is_not_null())
        self.counts.filtered += frame.height - timed.height
        if not timed.height:
            return
        session = self._join(timed, timed, self._time(timed), watermark)
        kept = timed.select(*self.names, pl.Series(SESSION, session), *self.carried).filter(pl.col(SESSION) != LATE)
        if kept.height:
            self.rows.add(kept)

    def _time(self, frame: pl.DataFrame) -> np.ndarray:
        return frame.select(self.slicing.local(pl.col(self.plan.time)).alias("time"))["time"].to_numpy()

    def _given(self, due: pl.DataFrame, seq: pl.Series) -> pl.DataFrame:
        ids = due["$id"].to_numpy()
        rows = self.rows.take(ids)
        assert rows is not None  # a session is made by a row
        self.rows.drop(ids, rows.height)
        self.counts.passed += rows.height
        self.counts.held -= rows.height
        return self._bordered(rows, due.select("$id", "$start", "$end", seq)).sort(SEQ, maintain_order=True)

    def _bordered(self, rows: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
        """`rows` with the borders of their sessions."""
        found = rows.join(due, left_on=SESSION, right_on="$id", how="inner", maintain_order="left")
        start, end = found["$start"].to_numpy(), found["$end"].to_numpy()
        borders = (self.slicing.border(c, start, end) for c in self.plan.columns[-3:])
        return found.select(*self.names, *borders, SEQ, *self.carried, *(c for c in (OPEN_END,) if c in found.columns))

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """The rows of the sessions that are open, as if they closed now."""
        sessions = self.sessions.copy()
        rows = [r for r in (self.rows.take(sessions.ids),) if r is not None]
        coming = pl.concat(frames).filter(pl.col(self.plan.time).is_not_null())
        if coming.height:
            joined = sessions.join(coming, self._time(coming), np.full(coming.height, self.passed))
            rows = [r.with_columns(pl.col(SESSION).replace(joined.gone, joined.into)) for r in rows]
            coming = coming.select(*self.names, pl.Series(SESSION, joined.session), *self.carried)
            rows.append(coming.filter(pl.col(SESSION) != LATE))
        due = sessions.all().with_columns(pl.lit(0, dtype=pl.Int64).alias(SEQ))
        if not rows:
            columns = {c.name: c.type.polars for c in self.plan.columns}
            return self.unplaced(pl.DataFrame(schema={**columns, OPEN_END: pl.Datetime("ms")}))
        end = pl.Series(OPEN_END, due["$end"]).cast(pl.Datetime("ms"))
        return self._bordered(pl.concat(rows), due.with_columns(end))
