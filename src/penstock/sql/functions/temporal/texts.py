"""Times to texts: DATE_FORMAT, FROM_UNIXTIME, CONVERT_TZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.zones import to_wall
from penstock.sql.coercion import is_character
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Failure, Function, Value
from penstock.sql.functions.temporal.arguments import constant_text, count, shown
from penstock.sql.functions.temporal.formatting import Kind, writer
from penstock.sql.functions.temporal.lenient import DEFAULT, lenient_reader
from penstock.sql.functions.temporal.values import LAST_MILLI, SECOND, by_batch, millis
from penstock.sql.functions.temporal.zones import offset_at, session_zone, zone_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS", "pattern_of"]

_UTC = 0


def pattern_of(arg: Value) -> str | None:
    """The constant text that `constant_text` has put in."""
    assert arg.is_constant
    return arg.constant  # type: ignore[no-any-return]


def _null(value: Value) -> pl.Expr:
    """NULL, as long as the column `value` is."""
    return pl.when(value.expr.is_null() & value.expr.is_not_null()).then(pl.lit(""))


# -- DATE_FORMAT -------------------------------------------------------------------------------------


def _bind_format(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 2, 2, "(a TIMESTAMP or a text, a pattern)")
    value = args[0].type
    if not isinstance(value, (t.Timestamp, t.TimestampLtz)) and not is_character(value):
        raise ArgumentError(f"takes (a TIMESTAMP or a text, a pattern), got {shown(args)}")
    kind: Kind = "old" if is_character(value) else "new"
    pattern = constant_text(args[1], "the pattern")
    if pattern.value is not None:
        writer(pattern.value, kind)
    return (args[0], pattern), t.STRING


def _format(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    value, pattern = args[0], pattern_of(args[1])
    if pattern is None:
        return _null(value)
    if is_character(value.type):
        return _moments_as_text(
            by_batch(lambda s: lenient_reader(DEFAULT).read(s, _UTC), [value.expr], pl.Int64()), pattern, _UTC, result
        )
    far = millis(value).abs() > LAST_MILLI
    near: pl.Expr = pl.when(~far).then(value.expr)
    wall = to_wall(near, context.zone) if isinstance(value.type, t.TimestampLtz) else near
    text = by_batch(writer(pattern, "new").write, [wall], pl.String())
    return Value(text, result, (_beyond(far, value.expr),))


def _beyond(far: pl.Expr, value: pl.Expr) -> Failure:
    return Failure(far, "time-overflow", "the year is too far away to be written", value.to_physical().cast(pl.String))


def _moments_as_text(ms: pl.Expr, pattern: str, zone: str | int, result: DataType) -> Value:
    """Moments on a clock in `zone`, by Java's older formatter."""
    write = writer(pattern, "old")

    def text(moments: pl.Series) -> pl.Series:
        offset = offset_at(moments, zone)
        wall = (moments + offset).cast(pl.Datetime("ms"))
        return write.write(wall, offset if write.needs_offset else None)

    far = ms.abs() > LAST_MILLI
    return Value(by_batch(text, [pl.when(~far).then(ms)], pl.String()), result, (_beyond(far, ms),))


# -- FROM_UNIXTIME -----------------------------------------------------------------------------------


def _bind_from_unix(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 1, 2, "(seconds since 1970, [a pattern])")
    if not isinstance(args[0].type, t.Integer):
        raise ArgumentError(f"takes (a whole number of seconds since 1970, [a pattern]), got {shown(args)}")
    pattern = tuple(constant_text(a, "the pattern") for a in args[1:])
    for p in pattern:
        if p.value is not None:
            writer(p.value, "old")
    return (args[0], *pattern), t.STRING


def _from_unix(
    context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    pattern = pattern_of(args[1]) if len(args) > 1 else DEFAULT
    if pattern is None:
        return _null(args[0])
    return _moments_as_text(args[0].expr.cast(pl.Int64) * SECOND, pattern, session_zone(context), result)


# -- CONVERT_TZ --------------------------------------------------------------------------------------


def _bind_convert(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    count(args, 3, 3, "(a text, a time zone, a time zone)")
    if not is_character(args[0].type):
        raise ArgumentError(f"takes (a text, a time zone, a time zone), got {shown(args)}")
    zones = tuple(constant_text(a, "the time zone") for a in args[1:])
    for zone in zones:
        if zone.value is not None:
            zone_named(zone.value)
    return (args[0], *zones), t.STRING


def _convert(
    _context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]
) -> pl.Expr | Value:
    source, target = pattern_of(args[1]), pattern_of(args[2])
    if source is None or target is None:
        return _null(args[0])
    start = zone_named(source)
    moments = by_batch(lambda s: lenient_reader(DEFAULT).read(s, start), [args[0].expr], pl.Int64())
    return _moments_as_text(moments, DEFAULT, zone_named(target), result)


FUNCTIONS = (
    Function(
        "DATE_FORMAT",
        "temporal",
        "DATE_FORMAT(x, pattern)",
        "A timestamp as text by a constant pattern of Java's DateTimeFormatter, a TIMESTAMP_LTZ on the session's "
        "clock. "
        f"A text is first read as '{DEFAULT}', and written by a pattern of Java's SimpleDateFormat.",
        _bind_format,
        _format,
        (
            Example(
                "DATE_FORMAT(TIMESTAMP '2024-02-05 03:04:05.678', 'yyyy-MM-dd''T''HH:mm:ss.SSS')",
                "2024-02-05T03:04:05.678",
            ),
            Example("DATE_FORMAT(TIMESTAMP '2024-02-05 03:04:05', 'EEE d MMM yy, h:mm a')", "Mon 5 Feb 24, 3:04 AM"),
            Example("DATE_FORMAT('2024-02-05 03:04:05', 'yyyy|MM|dd')", "2024|02|05"),
            Example("DATE_FORMAT('2024-02-05', 'yyyy')", None),
            Example("DATE_FORMAT(CAST(NULL AS TIMESTAMP(3)), 'yyyy')", None),
        ),
    ),
    Function(
        "FROM_UNIXTIME",
        "temporal",
        "FROM_UNIXTIME(seconds [, pattern])",
        "A moment as text on the session's clock, by a constant pattern of Java's SimpleDateFormat.",
        _bind_from_unix,
        _from_unix,
        (
            Example("FROM_UNIXTIME(1709211723)", "2024-02-29 13:02:03"),
            Example("FROM_UNIXTIME(1709211723, 'EEE, d MMM yyyy HH:mm:ss Z')", "Thu, 29 Feb 2024 13:02:03 +0000"),
            Example("FROM_UNIXTIME(CAST(NULL AS BIGINT))", None),
        ),
    ),
    Function(
        "CONVERT_TZ",
        "temporal",
        "CONVERT_TZ(text, from, to)",
        f"A wall time '{DEFAULT}' of one time zone, in another; the zones are constants.",
        _bind_convert,
        _convert,
        (
            Example("CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", "1969-12-31 16:00:00"),
            Example("CONVERT_TZ('2024-03-10 02:30:00', 'America/New_York', 'GMT+08:00')", "2024-03-10 15:30:00"),
            Example("CONVERT_TZ('1970-01-01', 'UTC', 'UTC')", None),
        ),
    ),
)
