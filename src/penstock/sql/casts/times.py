"""Dates, times and timestamps from type to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.converted import Converted
from penstock.sql.casts.zones import to_moment, to_wall

if TYPE_CHECKING:
    from penstock.core.types import DataType

__all__ = ["convert_time", "cut"]

_DAY_MS = 86_400_000
_NANOSECONDS_REACH = 9_223_372_036_854
"""Milliseconds around 1970 that a Datetime of nanoseconds holds."""


def convert_time(value: pl.Expr, source: DataType, target: DataType, zone: str) -> Converted:
    """Between DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ; TIMESTAMP_LTZ meets the others as a wall time in `zone`."""
    match source, target:
        case t.TimestampLtz(), t.TimestampLtz():
            return _with_precision(value, source, target)
        case _, t.TimestampLtz(precision):
            wall = convert_time(value, source, t.Timestamp(precision), zone)
            return Converted(to_moment(wall.expr, zone), fatal=wall.fatal)
        case t.TimestampLtz(), t.Date():
            return Converted(to_wall(value, zone).cast(pl.Date))
        case t.TimestampLtz(), t.Time():
            return Converted(_clock(to_wall(value, zone), target))
        case t.TimestampLtz(precision), _:
            return convert_time(to_wall(value, zone), t.Timestamp(precision), target, zone)
        case t.Timestamp(), t.Date():
            # cut toward 1970-01-01, as Flink does: the day before it is never reached
            return Converted(value.dt.epoch("ms").truncdiv(_DAY_MS).cast(pl.Int32).cast(pl.Date))
        case t.Date(), t.Timestamp():
            return _with_precision(value.cast(pl.Datetime("ms")), t.Timestamp(3), target)
        case t.Time(), t.Time(precision):
            return Converted(_cut_time(value, precision))
        case t.Time(), t.Timestamp():
            # the day on which times are counted is 1970-01-01
            return _with_precision((value.cast(pl.Int64) // 1_000_000).cast(pl.Datetime("ms")), t.Timestamp(3), target)
        case t.Timestamp(), t.Time():
            # before 1970 Flink makes a negative time of day, which nothing can print
            milliseconds = value.dt.epoch("ms")
            return Converted(_clock(value, target), fatal=(milliseconds < 0) & (milliseconds % _DAY_MS != 0))
        case t.Timestamp(), t.Timestamp():
            return _with_precision(value, source, target)
    raise TypeError(f"{source} is not cast to {target}")


def _with_precision(
    value: pl.Expr, source: t.Timestamp | t.TimestampLtz, target: t.Timestamp | t.TimestampLtz
) -> Converted:
    data_type = target.polars
    if target.precision > 6 >= source.precision:
        # Polars keeps nanoseconds in 64 bits: 1677 to 2262
        beyond = value.dt.epoch("ms").abs() > _NANOSECONDS_REACH
        return Converted(pl.when(~beyond).then(value).cast(data_type), fatal=beyond)
    if target.precision < source.precision:
        value = cut(value, target.precision)
    return Converted(value.cast(data_type))


def cut(value: pl.Expr, precision: int) -> pl.Expr:
    """A TIMESTAMP or TIMESTAMP_LTZ with the digits after `precision` set to zero, as Flink does.

    Down to milliseconds a time is rounded down; below, milliseconds are cut toward 1970.
    """
    step = {4: "100us", 5: "10us", 6: "1us", 7: "100ns", 8: "10ns"}.get(precision)
    if precision > 3:
        return value.dt.truncate(step) if step else value
    whole = value.dt.truncate("1ms")
    if precision == 3:
        return whole
    milliseconds = whole.dt.epoch("ms")
    size = 10 ** (3 - precision)
    return whole - pl.duration(milliseconds=milliseconds - milliseconds.truncdiv(size) * size, time_unit="ms")


def _clock(wall: pl.Expr, target: t.Time) -> pl.Expr:
    return _cut_time(wall.dt.time(), target.precision)


def _cut_time(value: pl.Expr, precision: int) -> pl.Expr:
    size = 10 ** (9 - min(precision, 3))
    nanoseconds = value.cast(pl.Int64)
    whole: pl.Expr = nanoseconds - nanoseconds % size
    return whole.cast(pl.Time)
