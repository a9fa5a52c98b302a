"""EXTRACT and its short forms: one part of a date, a time, a timestamp or an interval, as BIGINT.

Flink counts toward 1970: half a second before it, the year is 1970 and the second 0. And the hours, minutes and
seconds of a DATE are those of a timestamp as many milliseconds after 1970 as the date is days.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Function
from penstock.sql.functions.temporal.arguments import count, shown, unit_of
from penstock.sql.functions.temporal.values import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    by_batch,
    millis,
    nanos_below,
    remainder,
)
from penstock.sql.functions.temporal.zones import is_utc, offset_at, session_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]

_CLOCK = {"HOUR": (DAY, HOUR), "MINUTE": (HOUR, MINUTE), "SECOND": (MINUTE, SECOND), "MILLISECOND": (SECOND, 1)}
"""Units of the day: what they are counted in, and how long they are, in ms."""

_CALENDAR = (
    "MILLENNIUM", "CENTURY", "DECADE", "YEAR", "ISOYEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOY", "DOW", "ISODOW",
)  # fmt: skip
_BELOW = {"MICROSECOND": 1_000, "NANOSECOND": 1}
_TIMESTAMP_UNITS = (*_CALENDAR, *_CLOCK, *_BELOW, "EPOCH")
_MONTHS = {"MILLENNIUM": 12_000, "CENTURY": 1_200, "YEAR": 12, "QUARTER": 3, "MONTH": 1}


def _units(data_type: DataType) -> tuple[str, ...]:
    match data_type:
        case t.Timestamp() | t.TimestampLtz():
            return _TIMESTAMP_UNITS
        case t.Date():
            return (*_CALENDAR, *_CLOCK, "EPOCH")
        case t.Time():
            return tuple(_CLOCK)
        case t.IntervalDay():
            return ("DAY", *_CLOCK)
        case t.IntervalYear():
            return tuple(_MONTHS)
    return ()


def _bind(unit: str, args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 1, 1, "a date, a time, a timestamp or an interval")
    units = _units(args[0].type)
    if not units:
        raise ArgumentError(f"takes a date, a time, a timestamp or an interval, got {shown(args)}")
    unit_of(unit or clauses["unit"], units)
    return args, t.BIGINT.with_nullable(args[0].type.nullable)


def _local_millis(value: Value, context: Context) -> pl.Expr:
    """Milliseconds since 1970, of the wall time in the session's zone for a TIMESTAMP_LTZ."""
    ms = millis(value)
    if not isinstance(value.type, t.TimestampLtz) or is_utc(context):
        return ms
    zone = session_zone(context)
    return ms + by_batch(lambda moments: offset_at(moments, zone), [ms], pl.Int64())


def _build(
    unit: str, context: Context, args: Sequence[Value], _result: DataType, clauses: Mapping[str, Any]
) -> pl.Expr:
    (value,) = args
    unit = unit or clauses["unit"]
    match value.type:
        case t.IntervalYear():
            return _of_months(value.expr.cast(pl.Int64), unit)
        case t.IntervalDay():
            return _of_interval(millis(value), unit)
        case t.Time():
            return _of_clock(millis(value), unit)
        case t.Date():
            days = value.expr.to_physical().cast(pl.Int64)
            if unit == "EPOCH":
                return days * (DAY // SECOND)
            return _of_clock(days, unit) if unit in _CLOCK else _of_days(days, unit)
    ms = _local_millis(value, context)
    if unit in _CLOCK:
        return _of_clock(ms, unit)
    if unit in _BELOW:
        return remainder(ms, SECOND) * (1_000_000 // _BELOW[unit]) + nanos_below(value) // _BELOW[unit]
    return ms.truncdiv(SECOND) if unit == "EPOCH" else _of_days(ms.truncdiv(DAY), unit)


def _of_clock(ms: pl.Expr, unit: str) -> pl.Expr:
    whole, part = _CLOCK[unit]
    return remainder(ms, whole).truncdiv(part)


def _of_interval(ms: pl.Expr, unit: str) -> pl.Expr:
    return ms.truncdiv(DAY) if unit == "DAY" else _of_clock(ms, unit)


def _of_months(months: pl.Expr, unit: str) -> pl.Expr:
    if unit == "MONTH":
        return remainder(months, 12)
    if unit == "QUARTER":
        return remainder(months, 12).truncdiv(3) + 1
    return months.truncdiv(_MONTHS[unit])


def _of_days(days: pl.Expr, unit: str) -> pl.Expr:
    date = days.cast(pl.Int32, strict=False).cast(pl.Date)
    match unit:
        case "YEAR":
            part = date.dt.year()
        case "ISOYEAR":
            part = date.dt.iso_year()
        case "QUARTER":
            part = date.dt.quarter()
        case "MONTH":
            part = date.dt.month()
        case "WEEK":
            part = date.dt.week()
        case "DAY":
            part = date.dt.day()
        case "DOY":
            part = date.dt.ordinal_day()
        case "DOW":
            part = (days + 4) % 7 + 1
        case "ISODOW":
            part = (days + 3) % 7 + 1
        case "DECADE":
            part = date.dt.year().truncdiv(10)
        case _:
            years = {"CENTURY": 100, "MILLENNIUM": 1_000}[unit]
            year = date.dt.year()
            part = (
                pl.when(year > 0)
                .then((year + (years - 1)).truncdiv(years))
                .otherwise((year - (years - 1)).truncdiv(years))
            )
    return part.cast(pl.Int64)


_SHORT = {
    "YEAR": ("YEAR", "The year.", "DATE '2024-02-29'", 2024),
    "QUARTER": ("QUARTER", "The quarter of the year, 1 to 4.", "DATE '2024-05-29'", 2),
    "MONTH": ("MONTH", "The month of the year, 1 to 12.", "DATE '2024-05-29'", 5),
    "WEEK": ("WEEK", "The week of the year, 1 to 53, as ISO 8601 counts it.", "DATE '2024-12-30'", 1),
    "DAYOFYEAR": ("DOY", "The day of the year, 1 to 366.", "DATE '2024-12-31'", 366),
    "DAYOFMONTH": ("DAY", "The day of the month, 1 to 31.", "DATE '2024-02-29'", 29),
    "DAYOFWEEK": ("DOW", "The day of the week, from 1 for Sunday to 7.", "DATE '2024-12-30'", 2),
    "HOUR": ("HOUR", "The hour of the day, 0 to 23.", "TIMESTAMP '2024-02-29 11:02:03'", 11),
    "MINUTE": ("MINUTE", "The minute of the hour, 0 to 59.", "TIMESTAMP '2024-02-29 11:02:03'", 2),
    "SECOND": ("SECOND", "The second of the minute, 0 to 59, without its fraction.", "TIME '11:02:03'", 3),
}

FUNCTIONS = (
    Function(
        "EXTRACT",
        "temporal",
        "EXTRACT(unit FROM x)",
        f"One part of a date, time, timestamp or interval; units are {', '.join(_TIMESTAMP_UNITS)}.",
        partial(_bind, ""),
        partial(_build, ""),
        (
            Example("EXTRACT(DAY FROM DATE '2024-02-29')", 29),
            Example("EXTRACT(WEEK FROM DATE '2021-01-03')", 53),
            Example("EXTRACT(ISOYEAR FROM DATE '2021-01-03')", 2020),
            Example("EXTRACT(DOW FROM TIMESTAMP '2024-02-29 11:02:03')", 5),
            Example("EXTRACT(ISODOW FROM TIMESTAMP '2024-02-29 11:02:03')", 4),
            Example("EXTRACT(CENTURY FROM DATE '2000-02-29')", 20),
            Example("EXTRACT(DECADE FROM DATE '2024-02-29')", 202),
            Example("EXTRACT(MILLENNIUM FROM DATE '2001-01-01')", 3),
            Example("EXTRACT(EPOCH FROM TIMESTAMP '2024-02-29 11:02:03.123')", 1709204523),
            Example("EXTRACT(MICROSECOND FROM TIMESTAMP '2024-02-29 11:02:03.123456')", 123456),
            Example("EXTRACT(SECOND FROM TIMESTAMP '1969-12-31 23:59:57.5')", -2),
            Example("EXTRACT(MINUTE FROM INTERVAL '3 04:05:06.789' DAY TO SECOND)", 5),
            Example("EXTRACT(MONTH FROM INTERVAL -'3-7' YEAR TO MONTH)", -7),
            Example("EXTRACT(YEAR FROM CAST(NULL AS DATE))", None),
        ),
    ),
    *(
        Function(
            name,
            "temporal",
            f"{name}(x)",
            f"{text[:-1]}: EXTRACT({unit} FROM x).",
            partial(_bind, unit),
            partial(_build, unit),
            (Example(f"{name}({sql})", result),),
        )
        for name, (unit, text, sql, result) in _SHORT.items()
    ),
)
