"""Inside dates, times and timestamps: days, milliseconds and what is below, as whole numbers in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Value

__all__ = [
    "DAY",
    "HOUR",
    "LAST_MILLI",
    "MINUTE",
    "SECOND",
    "by_batch",
    "millis",
    "nanos_below",
    "remainder",
    "timestamp",
    "within_reach",
]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_MILLI = 8_000_000_000_000_000
"""About the year 255,000 and as far before 1970: Polars can tell the year of no moment much further away."""

_LAST_NANO_MILLI = 9_223_372_036_000
"""In 2262: what 64 bits can count in nanoseconds ends there, and as far before 1970."""


def by_batch(function: Callable[..., pl.Series], args: Sequence[pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """`function` of whole columns, a row of the result for each of theirs.

    For what needs several steps over the same intermediate columns, or a rare slow path: an expression would
    compute them anew wherever it names them.
    """
    if len(args) == 1:
        return args[0].map_batches(function, return_dtype=dtype, is_elementwise=True)
    row = pl.struct(a.alias(str(i)) for i, a in enumerate(args))
    return row.map_batches(
        lambda rows: function(*rows.struct.unnest().get_columns()), return_dtype=dtype, is_elementwise=True
    )


def remainder(number: pl.Expr, divisor: int) -> pl.Expr:
    """What a division towards zero leaves: it has the sign of `number`, as Java's %."""
    return number - number.truncdiv(divisor) * divisor


def millis(value: Value) -> pl.Expr:
    """Whole milliseconds (Int64, rounded down): of a day, of a date since 1970, of a timestamp, of an interval."""
    number = value.expr.to_physical()
    match value.type:
        case t.Date():
            return number.cast(pl.Int64) * DAY
        case t.Time():
            return number // 1_000_000
        case t.Timestamp(p) | t.TimestampLtz(p):
            return number // _per_milli(p) if p > 3 else number
        case t.IntervalDay():
            return number
    raise TypeError(f"{value.type} has no milliseconds")


def nanos_below(value: Value) -> pl.Expr:
    """What `millis` leaves of a timestamp, in nanoseconds (0 to 999,999)."""
    assert isinstance(value.type, (t.Timestamp, t.TimestampLtz))
    if value.type.precision <= 3:
        return pl.when(value.expr.is_not_null()).then(pl.lit(0, pl.Int64))
    per_milli = _per_milli(value.type.precision)
    return (value.expr.to_physical() % per_milli) * (1_000_000 // per_milli)


def within_reach(ms: pl.Expr, data_type: DataType) -> pl.Expr:
    """Whether a value of `data_type` can be `ms` milliseconds away from 1970; FALSE for NULL."""
    nanos = isinstance(data_type, (t.Timestamp, t.TimestampLtz)) and data_type.precision > 6
    return (ms.abs() <= (_LAST_NANO_MILLI if nanos else LAST_MILLI)).fill_null(False)


def timestamp(ms: pl.Expr, data_type: DataType, nanos: pl.Expr | None = None) -> pl.Expr:
    """The timestamp of `data_type` at `ms` milliseconds since 1970 and `nanos` nanoseconds; NULL beyond its reach."""
    assert isinstance(data_type, (t.Timestamp, t.TimestampLtz))
    per_milli = _per_milli(data_type.precision)
    near = pl.when(within_reach(ms, data_type)).then(ms) if data_type.precision > 6 else ms
    number = near * per_milli if per_milli > 1 else near
    if nanos is not None and per_milli > 1:
        number = number + nanos // (1_000_000 // per_milli)
    return number.cast(data_type.polars)


def _per_milli(precision: int) -> int:
    return 1 if precision <= 3 else 1_000 if precision <= 6 else 1_000_000
