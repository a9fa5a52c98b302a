"""Texts and numbers to times: TO_DATE, TO_TIMESTAMP, TO_TIMESTAMP_LTZ, UNIX_TIMESTAMP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.casts.zones import to_moment
from penstock.sql.coercion import is_character
from penstock.sql.expr import Literal
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Example, Failure, Function, Value
from penstock.sql.functions.temporal.arguments import constant_text, count, shown
from penstock.sql.functions.temporal.clock import now
from penstock.sql.functions.temporal.lenient import DEFAULT, lenient_reader
from penstock.sql.functions.temporal.parsing import reader
from penstock.sql.functions.temporal.texts import pattern_of
from penstock.sql.functions.temporal.values import DAY, LAST_MILLI, SECOND, by_batch
from penstock.sql.functions.temporal.zones import session_zone, zone_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_UNREADABLE = pl.lit(-(2**63), pl.Int64)
"""What UNIX_TIMESTAMP gives for a text that cannot be read."""

_UTC = 0


def _texts(args: tuple[Expr, ...], form: str, check: Any, *, least: int = 1, most: int = 2) -> tuple[Expr, ...]:
    """A text and perhaps a constant pattern, which `check` must accept."""
    count(args, least, most, form)
    if args and not is_character(args[0].type):
        raise ArgumentError(f"takes {form}, got {shown(args)}")
    pattern = tuple(constant_text(a, "the pattern") for a in args[1:2])
    for p in pattern:
        if p.value is not None:
            check(p.value)
    return (*args[:1], *pattern, *args[2:])


def _read_leniently(text: Value, pattern: str, zone: str | int) -> tuple[pl.Expr, tuple[Failure, ...]]:
    """Moments in ms since 1970 (NULL where the text does not fit), and where Flink would know a zone by its name."""
    read = lenient_reader(pattern)
    moments = by_batch(lambda s: read.read(s, zone), [text.expr], pl.Int64())
    if read.named_zone is None:
        return moments, ()
    named = moments.is_null() & text.expr.str.contains(read.named_zone)
    return moments, (Failure(named, "time-zone-name", "a zone in a text is read as +0100, GMT or UTC only", text.expr),)


def _nothing(text: Value, result: DataType) -> pl.Expr:
    """NULL for each row: the pattern is NULL."""
    return pl.when(text.expr.is_null() & text.expr.is_not_null()).then(pl.lit(None, dtype=result.polars))


# -- TO_DATE, UNIX_TIMESTAMP -------------------------------------------------------------------------


def _bind_date(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    return _texts(args, "(a text, [a pattern])", lenient_reader), t.DATE


def _to_date(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    if len(args) == 1:
        return cast(args[0], result, context, safe=True).expr
    pattern = pattern_of(args[1])
    if pattern is None:
        return _nothing(args[0], result)
    text = args[0].expr
    moments, failures = _read_leniently(args[0], pattern, _UTC)
    near = pl.when(moments.abs() <= LAST_MILLI).then(moments)
    # Flink makes a DATE of it that is so far away that nothing can print it
    unread = Failure(text.is_not_null() & near.is_null(), "cast", f"cannot read a DATE by '{pattern}'", text)
    return Value((near // DAY).cast(pl.Int32).cast(pl.Date), result, (*failures, unread))


def _bind_unix(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    bound = _texts(args, "([a text, [a pattern]])", lenient_reader, least=0)
    return bound, t.BIGINT.with_nullable(any(a.type.nullable for a in bound))


def _unix(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    if not args:
        return now(context) // SECOND
    pattern = pattern_of(args[1]) if len(args) > 1 else DEFAULT
    if pattern is None:
        return _nothing(args[0], result)
    moments, failures = _read_leniently(args[0], pattern, session_zone(context))
    unread = args[0].expr.is_not_null() & moments.is_null()
    return Value(pl.when(unread).then(_UNREADABLE).otherwise(moments.truncdiv(SECOND)), result, failures)


# -- TO_TIMESTAMP ------------------------------------------------------------------------------------


def _bind_timestamp(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    return _texts(args, "(a text, [a pattern])", reader), t.Timestamp(3)


def _to_timestamp(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    if len(args) == 1:
        return cast(args[0], result, context, safe=True).expr
    pattern = pattern_of(args[1])
    return _nothing(args[0], result) if pattern is None else _wall(args[0], pattern, t.Timestamp(3))


def _wall(text: Value, pattern: str, data_type: t.Timestamp) -> pl.Expr:
    """The wall time that a text tells, with the digits of a second that `data_type` has."""
    per_second = 1_000 if data_type.precision <= 3 else 1_000_000 if data_type.precision <= 6 else 1_000_000_000
    read = reader(pattern)
    number = by_batch(lambda s: read.read(s, per_second), [text.expr], pl.Int64())
    return number.cast(data_type.polars)


# -- TO_TIMESTAMP_LTZ --------------------------------------------------------------------------------

_LTZ_FORM = "(a number, [its digits after the second, 0 to 9]) or (a text, [a pattern, [a time zone]])"
_FIRST_SECOND, _LAST_SECOND = -62_167_219_200, 253_402_300_799
"""The years 0 to 9999, outside of which there is no moment."""

_NANOS_REACH = 9_223_372_036
_NANOS_MESSAGE = "more than 6 digits after the second reach from 1677 to 2262 only"


def _bind_ltz(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) == 1 and isinstance(args[0].type, t.Null):
        return (Literal(t.STRING, None),), t.TimestampLtz(3)
    count(args, 1, 3, _LTZ_FORM)
    if is_character(args[0].type):
        bound = _texts(args, _LTZ_FORM, reader, most=3)
        zones = tuple(constant_text(a, "the time zone") for a in args[2:])
        for zone in zones:
            if zone.value is not None:
                zone_id(zone.value)
        return (*bound[:2], *zones), t.TimestampLtz(max(3, _digits(bound)))
    number, *precision = args
    if len(args) > 2 or not isinstance(number.type, (t.Integer, t.Decimal, t.Float, t.Double)):
        raise ArgumentError(f"takes {_LTZ_FORM}, got {shown(args)}")
    if not precision:
        return args, t.TimestampLtz(3)
    if not isinstance(precision[0].type, t.Integer):
        raise ArgumentError(f"takes {_LTZ_FORM}, got {shown(args)}")
    if not isinstance(precision[0], Literal):
        raise ArgumentError("takes the digits after the second as a constant")
    digits = 3 if precision[0].value is None else precision[0].value
    if not 0 <= digits <= 9:
        raise ArgumentError(f"takes 0 to 9 digits after the second, not {digits}")
    return args, t.TimestampLtz(max(3, digits))


def _digits(bound: tuple[Expr, ...]) -> int:
    pattern = bound[1] if len(bound) > 1 else None
    return reader(pattern.value).fraction if isinstance(pattern, Literal) and pattern.value is not None else 0


def _to_ltz(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    assert isinstance(result, t.TimestampLtz)
    if not is_character(args[0].type):
        return _number_to_ltz(args, result)
    text = args[0]
    if len(args) == 1:
        wall = cast(text, t.Timestamp(3), context, safe=True).expr
        unread = Failure(text.expr.is_not_null() & wall.is_null(), "cast", "cannot read a TIMESTAMP_LTZ", text.expr)
        return Value(wall.dt.replace_time_zone("UTC"), result, (unread,))
    pattern = pattern_of(args[1])
    zone = pattern_of(args[2]) if len(args) > 2 else "UTC"
    if pattern is None or zone is None:
        return _nothing(text, result)
    wall = _wall(text, pattern, t.Timestamp(result.precision))
    failures: tuple[Failure, ...] = ()
    if result.precision > 6:
        coarse = _wall(text, pattern, t.Timestamp(3))
        failures = (Failure(coarse.is_not_null() & wall.is_null(), "time-overflow", _NANOS_MESSAGE, text.expr),)
    return Value(to_moment(wall, zone), result, failures)


def _number_to_ltz(args: Sequence[Value], result: t.TimestampLtz) -> pl.Expr | Value:
    number = args[0]
    digits: int | None = args[1].constant if len(args) > 1 else 3
    if digits is None:
        return pl.when(number.expr.is_null() & number.expr.is_not_null()).then(pl.lit(None, dtype=result.polars))
    unit = {"ms": 3, "us": 6, "ns": 9}[result.polars.time_unit]  # type: ignore[attr-defined]
    if isinstance(number.type, (t.Float, t.Double)):
        value = number.expr.cast(pl.Float64)
        seconds = value / 10**digits
        # as Java casts: NaN to 0, and what is too large to the largest
        nanos = (value * 10.0 ** (9 - digits)).fill_nan(0.0)
        whole = (
            pl.when(nanos >= 2.0**63)
            .then(pl.lit(2**63 - 1, pl.Int64))
            .when(nanos <= -(2.0**63))
            .then(pl.lit(-(2**63), pl.Int64))
            .otherwise(nanos.truncate().cast(pl.Int64, strict=False))
        )
        within = seconds.is_between(_FIRST_SECOND, _LAST_SECOND) | value.is_nan()
        # digits that the result has no room for are cut off, rounding down
        kept = whole // 10 ** (9 - result.precision) * 10 ** (unit - result.precision)
        return pl.when(within).then(kept).cast(result.polars)
    value = number.expr.truncate() if isinstance(number.type, t.Decimal) else number.expr
    whole = value.cast(pl.Int64, strict=False)
    per_second: int = 10**digits
    seconds = whole // per_second
    inside = pl.when(seconds.is_between(_FIRST_SECOND, _LAST_SECOND)).then(whole)
    scale: int = 10 ** (unit - digits)
    scaled = (inside * scale).cast(result.polars)
    if unit < 9 or digits == 9:
        return scaled
    beyond = inside.is_not_null() & (seconds.abs() > _NANOS_REACH)
    failure = Failure(beyond, "time-overflow", _NANOS_MESSAGE, number.expr.cast(pl.String))
    return Value(pl.when(~beyond).then(scaled), result, (failure,))


FUNCTIONS = (
    Function(
        "TO_DATE",
        "temporal",
        "TO_DATE(text [, pattern])",
        "A text as DATE: 'yyyy-MM-dd', or by a constant pattern of Java's SimpleDateFormat. "
        "With a pattern, a text that does not fit is an error; Flink makes a day in the year 1705471 of it.",
        _bind_date,
        _to_date,
        (
            Example("TO_DATE('2024-02-29')", "2024-02-29"),
            Example("TO_DATE('03.02.2024', 'dd.MM.yyyy')", "2024-02-03"),
            Example("TO_DATE('2024-02-30', 'yyyy-MM-dd')", "2024-03-01"),
            Example("TO_DATE('2024-02-30')", None),
        ),
    ),
    Function(
        "UNIX_TIMESTAMP",
        "temporal",
        "UNIX_TIMESTAMP([text [, pattern]])",
        "Seconds since 1970: now; or of a text, read on the session's clock by a constant pattern of Java's "
        f"SimpleDateFormat ('{DEFAULT}' without). A text that does not fit gives the least BIGINT, as in Flink.",
        _bind_unix,
        _unix,
        (
            Example("UNIX_TIMESTAMP('2024-02-29 13:02:03')", 1709211723),
            Example("UNIX_TIMESTAMP('17/May/2015:10:05:03 +0200', 'dd/MMM/yyyy:HH:mm:ss Z')", 1431849903),
            Example("UNIX_TIMESTAMP('1970-01-01')", -9223372036854775808),
            Example("UNIX_TIMESTAMP() > 1000000000", True),
        ),
        deterministic=False,
    ),
    Function(
        "TO_TIMESTAMP",
        "temporal",
        "TO_TIMESTAMP(text [, pattern])",
        "A text as TIMESTAMP(3): 'yyyy-MM-dd[ HH:mm:ss[.SSS]]', or by a constant pattern of Java's DateTimeFormatter. "
        "A zone in the text counts for nothing.",
        _bind_timestamp,
        _to_timestamp,
        (
            Example("TO_TIMESTAMP('2024-02-29 01:02:03.456')", "2024-02-29 01:02:03.456"),
            Example("TO_TIMESTAMP('17/May/2015:10:05:03 +0200', 'dd/MMM/yyyy:HH:mm:ss Z')", "2015-05-17 10:05:03.000"),
            Example("TO_TIMESTAMP('2024-02-30', 'yyyy-MM-dd')", "2024-02-29 00:00:00.000"),
            Example("TO_TIMESTAMP('29.2.2024', 'yyyy-MM-dd')", None),
        ),
    ),
    Function(
        "TO_TIMESTAMP_LTZ",
        "temporal",
        "TO_TIMESTAMP_LTZ(number [, digits]) | TO_TIMESTAMP_LTZ(text [, pattern [, zone]])",
        "A moment: a number since 1970 of seconds (0 digits), milliseconds (3, if left out) and so on to nanoseconds "
        "(9); or the wall time in a text, by a constant pattern as in TO_TIMESTAMP, in a constant zone (UTC).",
        _bind_ltz,
        _to_ltz,
        (
            Example("TO_TIMESTAMP_LTZ(1500, 3)", "1970-01-01 00:00:01.500Z"),
            Example("TO_TIMESTAMP_LTZ(100, 0)", "1970-01-01 00:01:40.000Z"),
            Example("TO_TIMESTAMP_LTZ(-1234567, 6)", "1969-12-31 23:59:58.765433Z"),
            Example("TO_TIMESTAMP_LTZ(253402300800000)", None),
            Example("TO_TIMESTAMP_LTZ('2024-02-29 01:02:03.456')", "2024-02-29 01:02:03.456Z"),
            Example("TO_TIMESTAMP_LTZ('2024/02/29', 'yyyy/MM/dd', 'Asia/Tokyo')", "2024-02-28 15:00:00.000Z"),
        ),
    ),
)
