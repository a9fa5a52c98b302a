"""Row-wise work: filters and projections, fused. Also the only place that evaluates expressions over rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.batch import NO_TIME, SEQ, Batch
from penstock.engine.operators.base import Operator
from penstock.engine.sideoutput import failure_columns
from penstock.sql.compile import compile_expr
from penstock.sql.functions.spec import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.core.batch import Watermark
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Column

__all__ = ["OPEN_END", "WATERMARK", "Calc", "Stage", "filter_stage", "project_stage"]

OPEN_END = "$window_end"
"""Of `peek`: the end of the open window that a row belongs to (Datetime ms, the window's time line)."""

WATERMARK = "$wm"
"""Int64 column that CURRENT_WATERMARK reads: the watermark before the row in ms, NULL before the first."""

_SHARING = pl.QueryOptFlags.none(comm_subexpr_elim=True)
_OFTEN = 16
"""A column that is named more often than this is worth looking for parts that are the same: 0.1 ms a batch."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A filter (`condition`) or a projection (`exprs`, named), with the failures of either.

    `repeats` tells that parts of the expressions stand in them again and again, as the argument of a cast does.
    """

    condition: pl.Expr | None
    exprs: tuple[pl.Expr, ...]
    failures: tuple[Failure, ...]
    repeats: bool = False
    checks: tuple[pl.Expr, ...] = field(init=False)
    """BAD, where there are failures."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", tuple(failure_columns(self.failures)))

    def computed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The projection's columns, and BAD where it has failures."""
        columns = [*self.exprs, *self.checks]
        if not self.repeats:
            return frame.select(columns)
        return frame.lazy().select(columns).collect(optimizations=_SHARING)

    def timed(self, name: str, column: Column, epoch: Callable[[pl.Expr], pl.Expr]) -> Stage:
        """The projection with its column `name`, which is the event time `column`, as `epoch` gives it in ms.

        A row without a time fails.
        """
        null = Failure(pl.col(column.name).is_null(), "null-event-time", f"the event time '{column.name}' is NULL")
        return replace(
            self,
            exprs=tuple(epoch(e) if e.meta.output_name() == name else e for e in self.exprs),
            failures=(*self.failures, *([null] if column.type.nullable else [])),
        )


def filter_stage(condition: Expr, context: Context) -> Stage:
    """Rows for which `condition` is TRUE go on."""
    value = compile_expr(condition, context)
    return Stage(value.expr, (), value.failures)


def project_stage(
    names: Sequence[str], exprs: Sequence[Expr], context: Context, hidden: Sequence[str] = (SEQ,)
) -> Stage:
    """`exprs` under `names`, and the `hidden` columns."""
    values = [compile_expr(e, context) for e in exprs]
    named = tuple(v.expr.alias(n) for n, v in zip(names, values, strict=True))
    failures = tuple(f for v in values for f in v.failures)
    uses = Counter(n for e in (*named, *(f.when for f in failures)) for n in e.meta.root_names())
    return Stage(None, (*named, *map(pl.col, hidden)), failures, max(uses.values(), default=0) > _OFTEN)


class Calc(Operator):
    """Stages one after the other, each over the rows and columns that the one before gave."""

    kind = "calc"

    def __init__(self, name: str, side: SideOutput, stages: Sequence[Stage], *, reads_watermark: bool = False) -> None:
        super().__init__(name, side)
        self.stages = tuple(stages)
        self.reads_watermark = reads_watermark
        self._waiting: Batch | None = None

    def on_batch(self, batch: Batch, port: int = 0) -> Batch | None:
        if self.reads_watermark:
            self._waiting = batch
            return None
        return self._run(batch)

    def on_watermark(self, watermark: Watermark) -> Batch | None:
        batch, self._waiting = self._waiting, None
        if batch is None:
            return None
        before = watermark.before(batch.frame[SEQ].to_numpy())
        known = pl.Series(WATERMARK, before).set(pl.Series(before == NO_TIME), None)
        return self._run(Batch(batch.frame.with_columns(known), batch.through))

    def _run(self, batch: Batch) -> Batch:
        frame = batch.frame
        self.counts.taken += frame.height
        for stage in self.stages:
            frame = self._stage(stage, frame)
        self.counts.passed += frame.height
        self.counts.given += frame.height
        return Batch(frame, batch.through)

    def _stage(self, stage: Stage, frame: pl.DataFrame) -> pl.DataFrame:
        if stage.condition is None:
            return self.sifted(stage.computed(frame), frame, stage.failures)[1]
        if stage.checks:
            frame = self.sifted(frame.with_columns(stage.checks), frame, stage.failures)[1]
        result = frame.filter(stage.condition)
        self.counts.filtered += frame.height - result.height
        return result

    def peek(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        frame = pl.concat(frames)
        if self.reads_watermark:
            frame = frame.with_columns(pl.lit(None, dtype=pl.Int64).alias(WATERMARK))
        for stage in self.stages:
            if stage.condition is not None:
                frame = frame.filter(stage.condition)
            else:
                frame = frame.select(*stage.exprs, *(c for c in (OPEN_END,) if c in frame.columns))
        return frame
