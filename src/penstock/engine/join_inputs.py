"""The inputs of a join by equal keys and event time: which of their rows are good, and what is asked of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.engine.operators.calc import project_stage
from penstock.engine.sideoutput import failure_columns
from penstock.engine.timed_rows import TIME
from penstock.sql.expr import Ref
from penstock.sql.functions.spec import Failure

if TYPE_CHECKING:
    from penstock.engine.operators.base import Operator
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import IntervalJoin, TemporalJoin

__all__ = ["NULL", "JoinInputs"]

NULL = "$null"
"""Boolean: whether a row's key has a NULL, which equals nothing."""


class JoinInputs:
    """Of `operator`, which counts and lists what is rejected. `schema` are the columns of a key (name -> Polars type),
    `names` the columns of each input.
    """

    def __init__(self, operator: Operator, plan: IntervalJoin | TemporalJoin, context: Context) -> None:
        self._operator = operator
        left, right = plan.keys.left, plan.keys.right
        names = [f"$k{i}" for i in range(len(left))]
        self.schema = {name: key.type.polars for name, key in zip(names, left, strict=True)}
        self.names = [[c.name for c in below.columns] for below in plan.inputs]
        self._stages = []
        sides = zip(plan.inputs, (left, right), (plan.left_time, plan.right_time), strict=True)
        for below, keys, time in sides:
            column = next(c for c in below.columns if c.name == time)
            stage = project_stage([*names, TIME], [*keys, Ref(column.type, time)], context)
            null = Failure(pl.col(time).is_null(), "null-event-time", f"the event time '{time}' is NULL")
            self._stages.append((stage, (*stage.failures, *([null] if column.type.nullable else []))))
        unsafe = [name for name, safe in zip(names, plan.keys.null_safe, strict=True) if not safe]
        self._null = pl.any_horizontal(pl.col(name).is_null() for name in unsafe) if unsafe else pl.lit(False)

    def checked(self, frame: pl.DataFrame, port: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The good rows of one input, and beside them their keys, TIME (Int64, ms), SEQ and NULL."""
        operator = self._operator
        stage, failures = self._stages[port]
        exprs = [e.dt.epoch("ms") if e.meta.output_name() == TIME else e for e in stage.exprs]
        keys = frame.select(*exprs, *failure_columns(failures))
        keys, kept = operator.side.sift(keys, frame, failures, operator.name)
        if kept is not None:
            operator.counts.rejected += int((~kept).sum())
            frame = frame.filter(kept)
        casts = [pl.col(name).cast(kind) for name, kind in self.schema.items()]
        return frame, keys.with_columns(*casts, self._null.alias(NULL))
