"""FLOOR and CEIL to a unit of time.

TIMESTAMP_LTZ is rounded on the session's clock, with the offset of the moment itself. Units above the day count
toward 1970, as EXTRACT does. A DATE goes up to the next day even from midnight. Days before 1582-10-15 are read in
the Julian calendar and written in the Gregorian one. All as Flink does it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Failure, Function, Value
from penstock.sql.functions.temporal.arguments import count, is_time, shown, unit_of
from penstock.sql.functions.temporal.calendar import days_of, used_civil
from penstock.sql.functions.temporal.values import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    by_batch,
    millis,
    nanos_below,
    timestamp,
    within_reach,
)
from penstock.sql.functions.temporal.zones import is_utc, offset_at, session_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_YEARS = {"MILLENNIUM": 1_000, "CENTURY": 100, "DECADE": 10, "YEAR": 1}
_ABOVE_DAY = (*_YEARS, "QUARTER", "MONTH", "WEEK")
_CLOCK = {"HOUR": HOUR, "MINUTE": MINUTE, "SECOND": SECOND, "MILLISECOND": 1}


def _bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 1, 1, "a date, a time or a timestamp")
    if not is_time(args[0].type):
        raise ArgumentError(f"takes a date, a time or a timestamp, got {shown(args)}")
    unit_of(clauses["unit"], tuple(_CLOCK) if isinstance(args[0].type, t.Time) else (*_ABOVE_DAY, "DAY", *_CLOCK))
    return args, args[0].type


def _build(
    up: bool, context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    (value,) = args
    unit = clauses["unit"]
    match value.type:
        case t.Date():
            if unit in _CLOCK:
                return value.expr
            days = value.expr.to_physical().cast(pl.Int64)
            return _days(days, unit, up).cast(pl.Int32).cast(pl.Date)
        case t.Time():
            ms = _rounded(millis(value), _CLOCK[unit], up)
            failure = Failure(ms == DAY, "time-overflow", "24:00:00 is no TIME")
            return Value((ms % DAY * 1_000_000).cast(pl.Time), result, (failure,))
    assert isinstance(result, (t.Timestamp, t.TimestampLtz))
    ms = _moment(value, unit, up, context)
    if result.precision <= 6:
        return timestamp(ms, result)
    far = value.expr.is_not_null() & ~within_reach(ms, result)
    return Value(timestamp(ms, result), result, (Failure(far, "time-overflow", "the result is too far from 1970"),))


def _moment(value: Value, unit: str, up: bool, context: Context) -> pl.Expr:
    """Of a timestamp: the rounded moment in ms since 1970."""
    ms = millis(value)
    if unit in ("MINUTE", "SECOND"):
        return _rounded(ms, _CLOCK[unit], up)
    if unit == "MILLISECOND":
        # of a TIMESTAMP_LTZ Flink forgets what is below, even upwards
        return ms + (nanos_below(value) > 0).cast(pl.Int64) if up and isinstance(value.type, t.Timestamp) else ms
    if isinstance(value.type, t.TimestampLtz) and not is_utc(context):
        return by_batch(partial(_zoned, unit=unit, up=up, zone=session_zone(context)), [ms], pl.Int64())
    if unit in _ABOVE_DAY:
        return _days(ms.truncdiv(DAY), unit, up) * DAY
    return _rounded(ms, DAY if unit == "DAY" else HOUR, up)


def _zoned(ms: pl.Series, unit: str, up: bool, zone: str | int) -> pl.Series:
    """Moments rounded on a clock in `zone`."""
    offset = offset_at(ms, zone)
    frame = (ms + offset).to_frame("local")
    if unit in _ABOVE_DAY:
        days = frame.select(pl.col("local").truncdiv(DAY)).to_series()
        return _days_of_series(days, unit, up) * DAY - offset
    return frame.select(_rounded(pl.col("local"), DAY if unit == "DAY" else HOUR, up)).to_series() - offset


def _rounded(number: pl.Expr, size: int, up: bool) -> pl.Expr:
    if size == 1:
        return number
    return number + (-number) % size if up else number - number % size


def _days(days: pl.Expr, unit: str, up: bool) -> pl.Expr:
    return by_batch(partial(_days_of_series, unit=unit, up=up), [days], pl.Int64())


def _days_of_series(days: pl.Series, unit: str, up: bool) -> pl.Series:
    """Days since 1970, each the first of its unit, or of the next one."""
    year, month, day = pl.col("year"), pl.col("month"), pl.col("day")
    frame = used_civil(days).with_columns(days.alias("days"))
    match unit:
        case "MILLENNIUM" | "CENTURY":
            size = _YEARS[unit]
            start = (year + (size - 1)).truncdiv(size) * size + (1 if up else 1 - size)
            result = days_of(start, pl.lit(1), pl.lit(1))
        case "DECADE":
            result = days_of((year.truncdiv(10) + int(up)) * 10, pl.lit(1), pl.lit(1))
        case "YEAR":
            later = ((month > 1) | (day > 1)) if up else pl.lit(False)
            result = days_of(year + later, pl.lit(1), pl.lit(1))
        case "QUARTER":
            # Flink goes up whenever it is not the first of January
            later = ((month > 1) | (day > 1)) if up else pl.lit(False)
            quarter = (month + 2) // 3 + later
            result = days_of(year + (quarter > 4), (quarter - 1) % 4 * 3 + 1, pl.lit(1))
        case "MONTH":
            later = (day > 1) if up else pl.lit(False)
            result = days_of(year, month + later, pl.lit(1))
        case "WEEK":
            past_sunday = (pl.col("days") + 4) % 7
            back = past_sunday - 7 * (past_sunday > 0) if up else past_sunday
            result = days_of(year, month, day) - back
        case _:
            result = days_of(year, month, day) + int(up)
    return frame.select(result.cast(pl.Int64)).to_series()


_UNITS = f"units are {', '.join((*_ABOVE_DAY, 'DAY', *_CLOCK))}"

FUNCTIONS = (
    Function(
        "FLOOR TO",
        "temporal",
        "FLOOR(x TO unit)",
        f"The begin of the unit that a date, time or timestamp lies in; {_UNITS}.",
        _bind,
        partial(_build, False),
        (
            Example("FLOOR(TIMESTAMP '2024-02-29 12:34:56.789' TO HOUR)", "2024-02-29 12:00:00.000"),
            Example("FLOOR(TIMESTAMP '2024-02-29 12:34:56.789' TO WEEK)", "2024-02-25 00:00:00.000"),
            Example("FLOOR(DATE '2024-05-15' TO QUARTER)", "2024-04-01"),
            Example("FLOOR(DATE '2024-05-15' TO CENTURY)", "2001-01-01"),
            Example("FLOOR(TIME '12:34:56' TO MINUTE)", "12:34:00"),
            Example("FLOOR(CAST(NULL AS DATE) TO MONTH)", None),
        ),
    ),
    Function(
        "CEIL TO",
        "temporal",
        "CEIL(x TO unit)",
        f"The least begin of a unit that is not before a date, time or timestamp; {_UNITS}.",
        _bind,
        partial(_build, True),
        (
            Example("CEIL(TIMESTAMP '2024-02-29 12:34:56.789' TO HOUR)", "2024-02-29 13:00:00.000"),
            Example("CEIL(TIMESTAMP '2024-02-29 00:00:00' TO DAY)", "2024-02-29 00:00:00"),
            Example("CEIL(DATE '2024-02-29' TO DAY)", "2024-03-01"),
            Example("CEIL(DATE '2024-05-15' TO YEAR)", "2025-01-01"),
            Example("CEILING(TIME '12:34:56' TO HOUR)", "13:00:00"),
        ),
    ),
)
