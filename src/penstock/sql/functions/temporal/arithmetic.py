"""TIMESTAMPADD, TIMESTAMPDIFF and OVERLAPS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Call
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Failure, Function, Value
from penstock.sql.functions.temporal.arguments import count, is_time, no_bare_null, shown, unit_of
from penstock.sql.functions.temporal.calendar import civil, days_of, month_length
from penstock.sql.functions.temporal.values import (
    DAY,
    HOUR,
    LAST_MILLI,
    MINUTE,
    SECOND,
    by_batch,
    millis,
    nanos_below,
    timestamp,
    within_reach,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_MONTHS = {"MILLENNIUM": 12_000, "CENTURY": 1_200, "DECADE": 120, "YEAR": 12, "QUARTER": 3, "MONTH": 1}
_MILLIS = {"WEEK": 7 * DAY, "DAY": DAY, "HOUR": HOUR, "MINUTE": MINUTE, "SECOND": SECOND, "MILLISECOND": 1}
_MONTHS_BETWEEN = {**_MONTHS, "DECADE": 12}
"""TIMESTAMPDIFF takes a decade for a year, as in Flink."""

_PER_SECOND = {"MILLISECOND": 1_000, "MICROSECOND": 1_000_000, "NANOSECOND": 1_000_000_000}
_ODBC = "SQL_TSI_"
_MIDNIGHT = t.Timestamp(6)
"""What a DATE becomes when hours are added."""

_LAST_MONTH = 3_000_000


def _unit(clauses: Mapping[str, Any], allowed: Sequence[str]) -> str:
    return unit_of(str(clauses["unit"]).removeprefix(_ODBC), allowed)


# -- TIMESTAMPADD ------------------------------------------------------------------------------------


def _bind_add(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 2, 2, "(unit, a whole number, a date, time or timestamp)")
    number, value = args[0].type, args[1].type
    if not isinstance(number, t.Integer) or not is_time(value):
        raise ArgumentError(f"takes (unit, a whole number, a date, time or timestamp), got {shown(args)}")
    finest = "MILLISECOND" if isinstance(value, (t.Timestamp, t.TimestampLtz)) else "SECOND"
    unit = _unit(clauses, [u for u in (*_MONTHS, *_MILLIS) if u != "MILLISECOND" or u == finest])
    match value:
        case t.Date() if unit in ("HOUR", "MINUTE", "SECOND"):
            result: DataType = _MIDNIGHT
        case t.Timestamp(p):
            result = t.Timestamp(max(p, 3)) if unit == "MILLISECOND" else value
        case t.TimestampLtz(p):
            result = t.TimestampLtz(max(p, 3)) if unit == "MILLISECOND" else value
        case _:
            result = value
    return args, result.with_nullable(number.nullable or value.nullable)


def _add(_context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr | Value:
    number, value = args[0].expr.cast(pl.Int64), args[1]
    unit = str(clauses["unit"]).removeprefix(_ODBC)
    ms = millis(value)
    if isinstance(value.type, t.Time):
        added = (
            number % (DAY // _MILLIS[unit]) * _MILLIS[unit] if unit in _MILLIS and _MILLIS[unit] < DAY else number * 0
        )
        return ((ms + added) % DAY * 1_000_000).cast(pl.Time)
    most = _LAST_MONTH // _MONTHS[unit] if unit in _MONTHS else LAST_MILLI // _MILLIS[unit]
    near = pl.when(number.abs() <= most).then(number)
    if unit in _MONTHS:
        moved = by_batch(_months_later, [ms // DAY, near * _MONTHS[unit]], pl.Int64()) * DAY + ms % DAY
    else:
        moved = ms + near * _MILLIS[unit]
    within = within_reach(moved, result)
    failure = Failure(
        ~within & ms.is_not_null() & number.is_not_null(),
        "time-overflow",
        "the result is too far from 1970",
        number.cast(pl.String),
    )
    moved = pl.when(within).then(moved)
    if isinstance(result, t.Date):
        return Value((moved // DAY).cast(pl.Int32).cast(pl.Date), result, (failure,))
    nanos = nanos_below(value) if isinstance(value.type, (t.Timestamp, t.TimestampLtz)) else None
    return Value(timestamp(moved, result, nanos), result, (failure,))


def _months_later(days: pl.Series, months: pl.Series) -> pl.Series:
    """The same day of a later month, or its last one."""
    frame = civil(days).with_columns(months.alias("months"))
    total = pl.col("year") * 12 + pl.col("month") - 1 + pl.col("months")
    year, month = total // 12, total % 12 + 1
    day = pl.min_horizontal("day", month_length(year, month))
    whole = total.is_not_null() & pl.col("day").is_not_null()
    return frame.select(pl.when(whole).then(days_of(year, month, day))).to_series()


# -- TIMESTAMPDIFF -----------------------------------------------------------------------------------


def _bind_diff(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    form = "(unit, a, b) of two dates or timestamps, two TIMESTAMP_LTZ, or two times"
    count(args, 2, 2, form)
    kinds = {type(a.type) for a in args}
    if not (kinds <= {t.Date, t.Timestamp} or kinds in ({t.TimestampLtz}, {t.Time})):
        raise ArgumentError(f"takes {form}, got {shown(args)}")
    months = () if kinds == {t.Time} else tuple(_MONTHS)
    unit = _unit(clauses, [*months, *_MILLIS, "MICROSECOND", "NANOSECOND"])
    result = t.BIGINT if unit == "NANOSECOND" else t.INT
    return args, result.with_nullable(any(a.type.nullable for a in args))


def _diff(_context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr:
    start, end = (millis(a) for a in args)
    unit = str(clauses["unit"]).removeprefix(_ODBC)
    if unit in _MONTHS:
        months = by_batch(_months_between, [end, start], pl.Int64())
        return _wrapped(months.truncdiv(_MONTHS_BETWEEN[unit]), result)
    seconds = (end - start).truncdiv(SECOND)
    if unit == "WEEK":
        # by way of seconds in 32 bits
        return seconds.cast(pl.Int32, wrap_numerical=True).truncdiv(7 * DAY // SECOND)
    if unit in _PER_SECOND:
        return _wrapped(seconds * _PER_SECOND[unit], result)
    return _wrapped((end - start).truncdiv(_MILLIS[unit]), result)


def _wrapped(number: pl.Expr, result: DataType) -> pl.Expr:
    return number.cast(result.polars, wrap_numerical=True)


def _months_between(end: pl.Series, start: pl.Series) -> pl.Series:
    """Whole months from `start` to `end` (ms since 1970), negative if `end` is before.

    Where the days are whole months apart and the time of day of `end` is the earlier one, it is one less, even
    if that is away from zero: so does Flink.
    """
    earlier_clock = (end % DAY) < (start % DAY)
    end_days, start_days = end // DAY, start // DAY
    forward = end_days >= start_days
    months = _whole_months(end_days.zip_with(forward, start_days), start_days.zip_with(forward, end_days))
    months = months.zip_with(forward.fill_null(True), -months)
    exact = _months_later(start_days, months) == end_days
    return months - (exact & earlier_clock).cast(pl.Int64)


def _whole_months(later: pl.Series, earlier: pl.Series) -> pl.Series:
    """Months from `earlier` to `later`, both days since 1970; a day beyond the end of a month is its last one."""
    first, last = civil(earlier), civil(later)
    frame = last.hstack(first.rename({n: f"{n}0" for n in first.columns}))
    months = (pl.col("year") - pl.col("year0")) * 12 + pl.col("month") - pl.col("month0")
    reached = pl.min_horizontal("day0", month_length(pl.col("year"), pl.col("month"))) <= pl.col("day")
    return frame.select(months - (~reached).cast(pl.Int64)).to_series()


# -- OVERLAPS ----------------------------------------------------------------------------------------


def _bind_overlaps(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    from penstock.sql.functions import FUNCTIONS as ALL

    form = "(start, end or length) OVERLAPS (start, end or length) of dates, times or timestamps"
    borders: list[Expr] = []
    for period in args:
        if not (isinstance(period, Call) and period.function.name == "ROW" and len(period.args) == 2):
            raise ArgumentError(f"takes {form}")
        start, end = period.args
        if isinstance(end.type, (t.IntervalDay, t.IntervalYear)) and is_time(start.type):
            bound, result = ALL["+"].bind((start, end), {})
            end = Call(result, ALL["+"], bound)
        borders += [start, end]
    no_bare_null(tuple(borders))
    if len({type(b.type) for b in borders}) != 1 or not is_time(borders[0].type):
        raise ArgumentError(f"takes {form}, all of one type, got {shown(borders)}")
    return tuple(borders), t.Boolean(nullable=any(b.type.nullable for b in borders))


def _overlaps(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    (first, last), (other_first, other_last) = (_ordered(args[0], args[1]), _ordered(args[2], args[3]))
    return (last >= other_first) & (other_last >= first)


def _ordered(a: Value, b: Value) -> tuple[pl.Expr, pl.Expr]:
    forward = a.expr <= b.expr
    return pl.when(forward).then(a.expr).otherwise(b.expr), pl.when(forward).then(b.expr).otherwise(a.expr)


FUNCTIONS = (
    Function(
        "TIMESTAMPADD",
        "temporal",
        "TIMESTAMPADD(unit, n, x)",
        "A date, time or timestamp `n` units later; from the 31st, months go to the last day of a shorter one. "
        f"Units are {', '.join((*_MONTHS, *_MILLIS))}.",
        _bind_add,
        _add,
        (
            Example("TIMESTAMPADD(MONTH, 1, TIMESTAMP '2024-01-31 01:02:03')", "2024-02-29 01:02:03"),
            Example("TIMESTAMPADD(YEAR, -1, DATE '2024-02-29')", "2023-02-28"),
            Example("TIMESTAMPADD(HOUR, 1, DATE '2024-01-31')", "2024-01-31 01:00:00.000000"),
            Example("TIMESTAMPADD(MILLISECOND, 1, TIMESTAMP '2024-01-31 01:02:03')", "2024-01-31 01:02:03.001"),
            Example("TIMESTAMPADD(HOUR, 1, TIME '23:31:00')", "00:31:00"),
            Example("TIMESTAMPADD(WEEK, CAST(NULL AS INT), DATE '2024-01-31')", None),
        ),
    ),
    Function(
        "TIMESTAMPDIFF",
        "temporal",
        "TIMESTAMPDIFF(unit, a, b)",
        "How many whole units lie between two times; negative if `b` is before `a`. "
        f"Units are {', '.join((*_MONTHS, *_MILLIS, 'MICROSECOND', 'NANOSECOND'))}; below a second they count "
        "whole seconds.",
        _bind_diff,
        _diff,
        (
            Example("TIMESTAMPDIFF(MONTH, DATE '2024-01-31', DATE '2024-02-29')", 1),
            Example("TIMESTAMPDIFF(DAY, TIMESTAMP '2024-03-31 01:02:03', TIMESTAMP '2024-02-29 01:02:04')", -30),
            Example(
                "TIMESTAMPDIFF(MILLISECOND, TIMESTAMP '2024-03-31 01:02:04.1', TIMESTAMP '2024-03-31 01:02:03')", -1000
            ),
            Example("TIMESTAMPDIFF(HOUR, DATE '2024-03-31', TIMESTAMP '2024-02-29 01:00:00')", -743),
            Example("TIMESTAMPDIFF(NANOSECOND, TIME '01:00:00', TIME '03:00:00')", 7_200_000_000_000),
        ),
    ),
    Function(
        "OVERLAPS",
        "temporal",
        "(a, b) OVERLAPS (c, d)",
        "Two periods, each of two ends or of a start and an INTERVAL, have a moment in common.",
        _bind_overlaps,
        _overlaps,
        (
            Example("(TIME '2:55:00', INTERVAL '1' HOUR) OVERLAPS (TIME '3:30:00', INTERVAL '2' HOUR)", True),
            Example("(DATE '2024-01-01', DATE '2024-01-02') OVERLAPS (DATE '2024-01-04', DATE '2024-01-03')", False),
        ),
    ),
)
