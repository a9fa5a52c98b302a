"""The inputs of a join by equal keys and event time: which of their rows are good, and what is asked of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.engine.operators.calc import project_stage
from penstock.engine.timed_rows import TIME
from penstock.sql.expr import Ref

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
            column = below.column(time)
            stage = project_stage([*names, TIME], [*keys, Ref(column.type, time)], context)
            self._stages.append(stage.timed(TIME, column, lambda time: time.dt.epoch("ms")))
        unsafe = [name for name, safe in zip(names, plan.keys.null_safe, strict=True) if not safe]
        self._null = pl.any_horizontal(pl.col(name).is_null() for name in unsafe) if unsafe else pl.lit(False)

    def checked(self, frame: pl.DataFrame, port: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The good rows of one input, and beside them their keys, TIME (Int64, ms), SEQ and NULL."""
        stage = self._stages[port]
        frame, keys = self._operator.sifted(stage.computed(frame), frame, stage.failures)
        casts = [pl.col(name).cast(kind) for name, kind in self.schema.items()]
        return frame, keys.with_columns(*casts, self._null.alias(NULL))
