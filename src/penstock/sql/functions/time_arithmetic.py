"""Times moved by intervals: ``time + interval`` and ``time - interval``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.spec import Value
from penstock.sql.functions.temporal.arithmetic import FUNCTIONS as TEMPORAL
from penstock.sql.functions.temporal.values import DAY

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context

__all__ = ["moved", "moved_type"]

_TIMESTAMPADD = next(f for f in TEMPORAL if f.name == "TIMESTAMPADD")


def moved_type(time: DataType, interval: DataType) -> DataType:
    """A time moved by an interval keeps its type."""
    return time.with_nullable(time.nullable or interval.nullable)


def moved(context: Context, time: Value, interval: Value, result: DataType, sign: int) -> pl.Expr | Value:
    """`time` later by `interval`, or earlier where `sign` is -1.

    A DATE moves by whole days, a TIME goes round the clock and knows no months; a TIMESTAMP_LTZ moves in UTC.
    """
    months = isinstance(interval.type, t.IntervalYear)
    number = (interval.expr.cast(pl.Int64) if months else interval.expr.to_physical()) * sign
    if isinstance(time.type, t.Time):
        nanoseconds = time.expr.cast(pl.Int64) + (number * 0 if months else number % DAY) * 1_000_000
        return (nanoseconds % (DAY * 1_000_000)).cast(pl.Time)
    unit = "MONTH" if months else "MILLISECOND"
    if isinstance(time.type, t.Date) and not months:
        unit, number = "DAY", number.truncdiv(DAY)
    return _TIMESTAMPADD.build(context, [Value(number, t.BIGINT), time], result, {"unit": unit})
