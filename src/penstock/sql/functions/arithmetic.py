"""``+ - * / %`` and the sign: whole numbers that wrap around, exact decimals, floating point, intervals, times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import unscaled
from penstock.sql.coercion import as_decimal, cast_to, common_type, is_interval, is_numeric, is_time
from penstock.sql.functions import decimal_arithmetic as decimals
from penstock.sql.functions.building import define, staged
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Failure, Value
from penstock.sql.functions.time_arithmetic import moved, moved_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_INTERVALS = "use TIMESTAMPDIFF(unit, a, b) for the time between two"


# -- what goes together ------------------------------------------------------------------------------


def _two(args: tuple[Expr, ...], wanted: str) -> tuple[DataType, DataType]:
    if len(args) != 2:
        raise ArgumentError(f"takes {wanted}, got {len(args)} argument{'s' if len(args) != 1 else ''}")
    if any(isinstance(a.type, t.Null) for a in args):
        raise ArgumentError("takes no bare NULL: write CAST(NULL AS type)")
    return args[0].type, args[1].type


def _numbers(
    args: tuple[Expr, ...], decimal: Callable[[t.Decimal, t.Decimal], t.Decimal]
) -> tuple[tuple[Expr, ...], DataType]:
    """Numbers of two types: both become the result's, but for decimals, whose result has digits of its own."""
    left, right = (a.type for a in args)
    common = common_type((left, right))
    assert common is not None
    if not isinstance(common, t.Decimal):
        return tuple(cast_to(a, common) for a in args), common
    digits = [as_decimal(x) for x in (left, right)]
    result = decimal(*digits).with_nullable(left.nullable or right.nullable)
    return tuple(cast_to(a, d) for a, d in zip(args, digits, strict=True)), result


def _refused(args: tuple[Expr, ...], wanted: str, hint: str = "") -> ArgumentError:
    got = ", ".join(str(a.type) for a in args)
    return ArgumentError(f"takes {wanted}, got ({got})" + (f"; {hint}" if hint else ""))


def _bind_sum(args: tuple[Expr, ...], left: DataType, right: DataType) -> tuple[tuple[Expr, ...], DataType] | None:
    """What both + and - take: numbers, intervals of one kind, a time and an interval."""
    if is_numeric(left) and is_numeric(right):
        return _numbers(args, decimals.sum_type)
    if is_interval(left) and type(left) is type(right):
        return args, left.with_nullable(left.nullable or right.nullable)
    if is_time(left) and is_interval(right):
        return args, moved_type(left, right)
    return None


def _bind_plus(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    wanted = "two numbers, two intervals, or a time and an interval"
    left, right = _two(args, wanted)
    if (both := _bind_sum(args, left, right)) is not None:
        return both
    if is_interval(left) and is_time(right) and not isinstance(right, t.TimestampLtz):
        return (args[1], args[0]), moved_type(right, left)
    raise _refused(args, wanted, "write the TIMESTAMP_LTZ first" if is_interval(left) and is_time(right) else "")


def _bind_minus(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    wanted = "two numbers, two intervals, or a time and an interval"
    left, right = _two(args, wanted)
    if (both := _bind_sum(args, left, right)) is not None:
        return both
    raise _refused(args, wanted, _INTERVALS if is_time(left) and is_time(right) else "")


def _bind_times(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    wanted = "two numbers, or a whole number and an interval"
    left, right = _two(args, wanted)
    if is_numeric(left) and is_numeric(right):
        return _numbers(args, decimals.product_type)
    if is_interval(left) and isinstance(right, t.Integer):
        return args, left.with_nullable(left.nullable or right.nullable)
    if isinstance(left, t.Integer) and is_interval(right):
        return (args[1], args[0]), right.with_nullable(left.nullable or right.nullable)
    raise _refused(args, wanted)


def _bind_divide(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    left, right = _two(args, "two numbers")
    if is_numeric(left) and is_numeric(right):
        return _numbers(args, decimals.quotient_type)
    raise _refused(args, "two numbers")


def _bind_modulo(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    wanted = "two whole numbers or decimals"
    left, right = _two(args, wanted)
    exact = (t.Integer, t.Decimal)
    if not (isinstance(left, exact) and isinstance(right, exact)):
        raise _refused(args, wanted)
    bound, result = _numbers(args, decimals.remainder_type)
    # of whole numbers the remainder has the divisor's type
    return bound, right.with_nullable(result.nullable) if isinstance(result, t.Integer) else result


def _bind_sign(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or not (is_numeric(args[0].type) or is_interval(args[0].type)):
        raise _refused(args, "a number or an interval")
    return args, args[0].type


# -- how it is computed ------------------------------------------------------------------------------


def _sum(sign: int) -> Callable[..., pl.Expr | Value]:
    def build(
        context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]
    ) -> pl.Expr | Value:
        left, right = args
        if is_time(left.type):
            return moved(context, left, right, result, sign)
        if isinstance(result, t.Decimal):
            assert isinstance(left.type, t.Decimal)
            assert isinstance(right.type, t.Decimal)
            return decimals.sum_of(left.expr, left.type, right.expr, right.type, result, sign)
        return left.expr + right.expr if sign > 0 else left.expr - right.expr

    return build


def _times(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    left, right = args
    match left.type, right.type:
        case t.Decimal(), t.Decimal() if isinstance(result, t.Decimal):
            return decimals.product(left.expr, left.type, right.expr, right.type, result)
        case t.IntervalDay(), _:
            return (left.expr.to_physical() * right.expr.cast(pl.Int64)).cast(result.polars)
        case t.IntervalYear(), _:
            return left.expr * right.expr.cast(pl.Int32, wrap_numerical=True)
    return left.expr * right.expr


def _by_zero(left: Value, right: Value) -> Failure:
    return Failure((right.expr == 0) & left.expr.is_not_null(), "division-by-zero", "division by zero")


def _divide(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    left, right = args
    match left.type, right.type:
        case t.Decimal(), t.Decimal() if isinstance(result, t.Decimal):
            quotient = decimals.quotient(left.expr, left.type, right.expr, right.type, result)
        case t.Integer(), _:
            quotient = left.expr.truncdiv(right.expr)
        case _ if right.expr.meta.root_names():
            return Value(left.expr / right.expr, result)
        case _:
            # by a constant, Polars multiplies with its inverse where there are two rows or more: 3e0 / 5 > 0.6
            exact = staged(lambda frame: frame["0"] / frame["1"], result.polars, left.expr, right.expr)
            return Value(exact, result)
    return Value(quotient, result, (_by_zero(left, right),))


def _modulo(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    left, right = args
    if isinstance(left.type, t.Decimal):
        assert isinstance(right.type, t.Decimal)
        assert isinstance(result, t.Decimal)
        rest = decimals.remainder(left.expr, left.type, right.expr, right.type, result)
    else:
        # the sign is the dividend's, as in Java
        rest = (left.expr - left.expr.truncdiv(right.expr) * right.expr).cast(result.polars, wrap_numerical=True)
    return Value(rest, result, (_by_zero(left, right),))


def _negate(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    value = args[0].expr
    match args[0].type:
        case t.Decimal():
            return (unscaled(value) * pl.lit(-1, pl.Int128)).reinterpret(dtype=result.polars)
        case t.Float() | t.Double():
            return -value
        case t.IntervalDay():
            return (value.to_physical() * -1).cast(result.polars)
    return value * pl.lit(-1, result.polars)  # the least number is its own opposite


_KIND = "arithmetic"

FUNCTIONS = (
    define(
        "+",
        _KIND,
        "a + b",
        "Sum. Whole numbers wrap around; a DECIMAL of more than 38 digits is NULL. A time and an INTERVAL give a "
        "later time; the 31st and a month the last day of a shorter one.",
        _bind_plus,
        _sum(1),
        ("1 + 2", 3),
        ("2147483647 + 1", -2147483648),
        ("1.5 + 0.25", "1.75"),
        ("1 + 0.5e0", 1.5),
        ("1 + CAST(NULL AS INT)", None),
        ("DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29"),
        ("TIMESTAMP '2024-01-31 23:59:59' + INTERVAL '1.5' SECOND", "2024-02-01 00:00:00"),
        ("INTERVAL '1' HOUR + TIME '23:30:00'", "00:30:00"),
    ),
    define(
        "-",
        _KIND,
        "a - b",
        "Difference; an earlier time. Two times are subtracted by TIMESTAMPDIFF.",
        _bind_minus,
        _sum(-1),
        ("1 - 2", -1),
        ("0.5 - 1", "-0.5"),
        ("TIMESTAMP '2024-03-31 00:00:00' - INTERVAL '1' MONTH", "2024-02-29 00:00:00"),
        ("INTERVAL '1' DAY - INTERVAL '1' HOUR", 82_800_000),
    ),
    define(
        "*",
        _KIND,
        "a * b",
        "Product; of an INTERVAL and a whole number an INTERVAL.",
        _bind_times,
        _times,
        ("3 * 2", 6),
        ("1.5 * 1.5", "2.25"),
        ("0.5e0 * 3", 1.5),
        ("2 * INTERVAL '1' DAY", 172_800_000),
    ),
    define(
        "/",
        _KIND,
        "a / b",
        "Quotient; of whole numbers the whole part. A whole number or DECIMAL divided by zero fails; a DOUBLE is "
        "Infinity or NaN.",
        _bind_divide,
        _divide,
        ("-7 / 2", -3),
        ("7 / 2.0", "3.500000"),
        ("1.0 / 3", "0.333333333333"),
        ("1 / 4e0", 0.25),
        ("CAST(NULL AS INT) / 0", None),
    ),
    define(
        "%",
        _KIND,
        "a % b, MOD(a, b)",
        "What a division leaves, with the sign of `a`. Modulo zero fails.",
        _bind_modulo,
        _modulo,
        ("-7 % 3", -1),
        ("MOD(7.5, 2)", "1.5"),
        ("7 % CAST(NULL AS INT)", None),
        aliases=("MOD",),
    ),
    define(
        "NEGATE",
        _KIND,
        "-a",
        "The opposite. The least whole number of a type stays what it is.",
        _bind_sign,
        _negate,
        ("-(1 + 1)", -2),
        ("-CAST(-128 AS TINYINT)", -128),
        ("-(0.5 + 1)", "-1.5"),
    ),
)
