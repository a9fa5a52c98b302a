"""ROUND and TRUNCATE: to digits behind the point, or before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import fit, half_up, unscaled
from penstock.sql.coercion import is_numeric
from penstock.sql.expr import Literal
from penstock.sql.functions.building import define, staged
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Build, Context

__all__ = ["FUNCTIONS"]

_FAR = 19
"""Digits that no BIGINT and no DOUBLE has: without so many nothing is left."""

_LIMIT = 1e20
"""TRUNCATE goes by a DECIMAL(38, 18)."""

_WORDS = {True: "round", False: "cut off"}

_NUMBER = r"^-?(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:e(?<power>[+-]?\d+))?$"


def _bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    got = ", ".join(str(a.type) for a in args)
    if len(args) not in (1, 2) or not is_numeric(args[0].type):
        raise ArgumentError(f"takes (number [, INT]), got ({got})")
    if len(args) == 2 and not (isinstance(args[1].type, t.Integer) and args[1].type.bits <= 32):
        raise ArgumentError(f"takes (number [, INT]), got ({got})")
    kind = args[0].type
    nullable = any(a.type.nullable for a in args)
    if not isinstance(kind, t.Decimal):
        return args, kind.with_nullable(nullable)
    digits = args[1] if len(args) == 2 else Literal(t.INT.with_nullable(False), 0)
    if not isinstance(digits, Literal):
        raise ArgumentError("rounds a DECIMAL to a constant number of digits: write a number, or CAST to DOUBLE")
    if digits.value is None or digits.value >= kind.scale:
        return args, kind.with_nullable(nullable)
    scale = max(0, digits.value)
    return args, t.Decimal(kind.precision - kind.scale + 1 + scale, scale, nullable=nullable)


def _bind_truncate(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    bound, result = _bind(args, clauses)
    if isinstance(result, t.Integer) and result.bits < 32:
        raise ArgumentError(f"takes no {args[0].type}: CAST it to INT")
    return bound, result


def _to_digits(*, up: bool) -> Build:
    """Half up, or cut off."""

    def build(
        _context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]
    ) -> pl.Expr | Value:
        value = args[0]
        digits = args[1].expr.cast(pl.Int64) if len(args) == 2 else pl.lit(0, pl.Int64)
        match value.type:
            case t.Integer():
                whole = staged(lambda frame: _whole(frame, up=up), pl.Int128(), value.expr, digits)
                return whole.cast(result.polars, wrap_numerical=True)
            case t.Decimal():
                assert isinstance(result, t.Decimal)
                constant = args[1].constant if len(args) == 2 else 0
                return _decimal(value.expr, value.type, constant, result, up=up)
        number = value.expr.cast(pl.Float64)
        if up:
            rounded = staged(lambda frame: _double(frame, up=True), pl.Float64(), number, digits)
            fails = ~number.is_finite()
        else:
            rounded = staged(_truncated, pl.Float64(), number, digits)
            fails = ~(number.abs() < _LIMIT)
        message = f"a number like this has no digits to {_WORDS[up]}"
        failure = Failure(fails & digits.is_not_null(), "not-finite", message, number.cast(pl.String))
        return Value(rounded.cast(result.polars), result, (failure,))

    return build


def _decimal(value: pl.Expr, kind: t.Decimal, digits: int | None, result: t.Decimal, *, up: bool) -> pl.Expr:
    if digits is None:
        return pl.lit(None, dtype=result.polars)
    if digits >= kind.scale:
        return value
    dropped, number = kind.scale - digits, unscaled(value)
    if dropped > kind.precision:
        return fit(number * 0, result)
    kept = half_up(number, dropped) if up else number.truncdiv(pl.lit(10**dropped, pl.Int128))
    return fit(kept * pl.lit(10 ** max(0, -digits), pl.Int128), result)


def _whole(frame: pl.DataFrame, *, up: bool) -> pl.Series:
    """Digits before the point go; the result may be too large for the type, and wraps around then."""
    value, digits = pl.col("0").cast(pl.Int128), pl.col("1")
    size = _power_of_ten(-digits)
    cut = _half_up(value, size) if up else value.truncdiv(size)
    rounded = pl.when(digits >= 0).then(value).when(digits < -_FAR).then(pl.lit(0, pl.Int128)).otherwise(cut * size)
    return frame.select(pl.when(value.is_not_null() & digits.is_not_null()).then(rounded)).to_series()


def _double(frame: pl.DataFrame, *, up: bool) -> pl.Series:
    """By the shortest decimal digits of the number, as Java's BigDecimal.valueOf has them."""
    value, digits = frame.to_series(0), frame.to_series(1)
    parts = pl.col("text").str.extract_groups(_NUMBER)
    frame = value.cast(pl.String).to_frame("text").select(parts).unnest("text")
    fraction = pl.col("fraction").fill_null("")
    frame = frame.select(
        (pl.col("whole") + fraction).str.strip_chars_start("0").replace("", "0").cast(pl.Int128).alias("number"),
        (pl.col("power").cast(pl.Int64).fill_null(0) - fraction.str.len_bytes().cast(pl.Int64)).alias("shift"),
    ).with_columns(value.alias("value"), digits.alias("digits"))
    dropped = -pl.col("shift") - pl.col("digits")
    size = _power_of_ten(dropped)
    kept = _half_up(pl.col("number"), size) if up else pl.col("number") // size
    near = pl.when(dropped > _FAR).then(pl.lit(0, pl.Int128)).otherwise(kept)
    text = near.cast(pl.String) + "e" + (-pl.col("digits")).cast(pl.String)
    read = text.cast(pl.Float64, strict=False)
    signed = pl.when((pl.col("value") < 0) & (near != 0)).then(-read).otherwise(read)
    rounded = pl.when(dropped <= 0).then(pl.col("value")).otherwise(signed)
    known = pl.col("digits").is_not_null() & pl.col("value").is_not_null()
    return frame.select(pl.when(known).then(rounded)).to_series()


def _truncated(frame: pl.DataFrame) -> pl.Series:
    """Flink cuts digits off a DECIMAL(38, 18) made of the number."""
    decimal = _double(frame.select(pl.col("0"), pl.lit(18, pl.Int64).alias("1")), up=True)
    return _double(frame.with_columns(decimal.alias("0")), up=False)


def _half_up(value: pl.Expr, size: pl.Expr) -> pl.Expr:
    twice = (value * pl.lit(2, pl.Int128)).truncdiv(size)
    return twice - twice.truncdiv(pl.lit(2, pl.Int128))


def _power_of_ten(exponent: pl.Expr) -> pl.Expr:
    return pl.lit("1").str.pad_end(exponent.clip(0, _FAR + 1) + 1, "0").cast(pl.Int128)


FUNCTIONS = (
    define(
        "ROUND",
        "arithmetic",
        "ROUND(x [, digits])",
        "Rounded to digits behind the point, or before it where negative; a half goes away from zero. A DECIMAL is "
        "rounded to a constant number of digits; NaN and Infinity fail.",
        _bind,
        _to_digits(up=True),
        ("ROUND(2.675, 2)", "2.68"),
        ("ROUND(2675e-3, 2)", 2.68),
        ("ROUND(-2.5)", "-3"),
        ("ROUND(1250, -2)", 1300),
        ("ROUND(2147483647, -1)", -2147483646),
        ("ROUND(2.5, CAST(NULL AS INT))", None),
    ),
    define(
        "TRUNCATE",
        "arithmetic",
        "TRUNCATE(x [, digits])",
        "Cut off after digits behind the point, or before it where negative; otherwise as ROUND. A DOUBLE of 1e20 or "
        "more fails.",
        _bind_truncate,
        _to_digits(up=False),
        ("TRUNCATE(42.345, 2)", "42.34"),
        ("TRUNCATE(-42329e-3, 2)", -42.32),
        ("TRUNCATE(1299, -2)", 1200),
    ),
)
