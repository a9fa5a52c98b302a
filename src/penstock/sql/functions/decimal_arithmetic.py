"""Decimals added, multiplied and divided exactly: the digits of Flink's result types, half up, NULL beyond 38 digits.

While the digits fit 38 it is one expression of whole numbers (Int128); beyond, it goes in steps over frames.
"""

from __future__ import annotations

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import MAX_PRECISION, fit, half_up, unscaled
from penstock.sql.functions.building import staged

__all__ = ["product", "product_type", "quotient", "quotient_type", "remainder", "remainder_type", "sum_of", "sum_type"]

_MIN_SCALE = 6
_HALF = 19
_BASE = 10**_HALF
"""Half of the digits: a product of two such numbers fits 128 bits."""


# -- types -------------------------------------------------------------------------------------------


def sum_type(left: t.Decimal, right: t.Decimal) -> t.Decimal:
    """Of + and -: a digit more than the longer one before and behind the point."""
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return _limited(whole + scale + 1, scale)


def product_type(left: t.Decimal, right: t.Decimal) -> t.Decimal:
    return _limited(left.precision + right.precision + 1, left.scale + right.scale)


def quotient_type(left: t.Decimal, right: t.Decimal) -> t.Decimal:
    scale = max(_MIN_SCALE, left.scale + right.precision + 1)
    return _limited(left.precision - left.scale + right.scale + scale, scale)


def remainder_type(left: t.Decimal, right: t.Decimal) -> t.Decimal:
    scale = max(left.scale, right.scale)
    return _limited(min(left.precision - left.scale, right.precision - right.scale) + scale, scale)


def _limited(precision: int, scale: int) -> t.Decimal:
    """Beyond 38 digits the scale gives way, down to 6."""
    if precision <= MAX_PRECISION:
        return t.Decimal(precision, scale)
    whole = precision - scale
    return t.Decimal(MAX_PRECISION, max(MAX_PRECISION - whole, min(scale, _MIN_SCALE)))


# -- sum and difference ------------------------------------------------------------------------------


def sum_of(
    left: pl.Expr, left_type: t.Decimal, right: pl.Expr, right_type: t.Decimal, result: t.Decimal, sign: int
) -> pl.Expr:
    """``left + right``, or ``left - right`` where `sign` is -1."""
    scale = max(left_type.scale, right_type.scale)
    whole = max(left_type.precision - left_type.scale, right_type.precision - right_type.scale)
    if whole + scale < MAX_PRECISION:
        a = unscaled(left) * _ten_to(scale - left_type.scale)
        b = unscaled(right) * _ten_to(scale - right_type.scale)
        return (a + b if sign > 0 else a - b).reinterpret(dtype=result.polars)

    def add(frame: pl.DataFrame) -> pl.Series:
        return _wide_sum(frame, left_type.scale, right_type.scale, result, sign)

    return staged(add, result.polars, left, right)


def _wide_sum(frame: pl.DataFrame, left_scale: int, right_scale: int, result: t.Decimal, sign: int) -> pl.Series:
    """What is in the result's scale and what is below it are added apart; the first may wrap around on the way."""
    dropped = max(left_scale, right_scale, result.scale) - result.scale
    parts = frame.select(
        *_split("0", left_scale, result.scale, dropped, 1), *_split("1", right_scale, result.scale, dropped, sign)
    ).select(
        (pl.col("whole0") + pl.col("whole1")).alias("whole"),
        (pl.col("rest0") + pl.col("rest1")).alias("rest"),
        (pl.col("size0") + pl.col("size1")).abs().alias("size"),
    )
    carry = pl.col("rest").truncdiv(_ten_to(dropped))
    parts = parts.select(pl.col("whole") + carry, pl.col("rest") - carry * _ten_to(dropped), "size")
    whole, rest, half = pl.col("whole"), pl.col("rest") * pl.lit(2, pl.Int128), _ten_to(dropped)
    positive = (whole > 0) | ((whole == 0) & (rest > 0))
    step = (
        pl.when(positive & (rest >= half)).then(1).when(positive & (rest < -half)).then(-1)
        .when(~positive & (rest <= -half)).then(-1).when(~positive & (rest > half)).then(1).otherwise(0)
    )  # fmt: skip
    rounded = whole + step.cast(pl.Int128) if dropped else whole
    # far beyond 38 digits the wrapped sum means nothing
    near = pl.when(pl.col("size") < 1.5 * 10.0 ** (MAX_PRECISION - result.scale)).then(rounded)
    return parts.select(fit(near, result)).to_series()


def _split(name: str, scale: int, result_scale: int, dropped: int, sign: int) -> list[pl.Expr]:
    number = unscaled(pl.col(name)) * pl.lit(sign, pl.Int128)
    down = max(0, scale - result_scale)
    cut = number.truncdiv(_ten_to(down))
    return [
        (cut * _ten_to(max(0, result_scale - scale))).alias(f"whole{name}"),
        ((number - cut * _ten_to(down)) * _ten_to(dropped - down)).alias(f"rest{name}"),
        (number.cast(pl.Float64) / 10.0**scale).alias(f"size{name}"),
    ]


# -- product -----------------------------------------------------------------------------------------


def product(left: pl.Expr, left_type: t.Decimal, right: pl.Expr, right_type: t.Decimal, result: t.Decimal) -> pl.Expr:
    """``left * right``."""
    dropped = left_type.scale + right_type.scale - result.scale
    if left_type.precision + right_type.precision <= MAX_PRECISION:
        number = unscaled(left) * unscaled(right)
        return fit(half_up(number, dropped), result) if dropped else number.reinterpret(dtype=result.polars)
    return staged(lambda frame: _wide_product(frame, dropped, result), result.polars, left, right)


def _wide_product(frame: pl.DataFrame, dropped: int, result: t.Decimal) -> pl.Series:
    """By halves of 19 digits: the product is ``high * 10**38 + low``, of which `dropped` digits go."""
    base = pl.lit(_BASE, pl.UInt128)
    sizes = [_size(pl.col(name)) for name in ("0", "1")]
    frame = frame.select(
        *((size // base).alias(f"h{i}") for i, size in enumerate(sizes)),
        *((size % base).alias(f"l{i}") for i, size in enumerate(sizes)),
        _is_negative("0", "1"),
    )
    frame = frame.with_columns(low=pl.col("l0") * pl.col("l1"))
    frame = frame.with_columns(middle=pl.col("h0") * pl.col("l1") + pl.col("l0") * pl.col("h1") + pl.col("low") // base)
    frame = frame.with_columns(
        high=pl.col("h0") * pl.col("h1") + pl.col("middle") // base,
        low=(pl.col("middle") % base) * base + pl.col("low") % base,
    )
    return frame.select(_signed(_without_digits(dropped), result)).to_series()


def _without_digits(dropped: int) -> pl.Expr:
    """``high * 10**38 + low`` without its last digits, half up; NULL where more than 38 are left."""
    high, low = pl.col("high"), pl.col("low")
    if dropped == 0:
        return pl.when(high == 0).then(low)
    # the first digit that goes decides
    if dropped > MAX_PRECISION:
        above = dropped - MAX_PRECISION
        kept, first = high // _unsigned_ten_to(above), high // _unsigned_ten_to(above - 1) % 10
    else:
        top = pl.when(high < _unsigned_ten_to(dropped)).then(high) * _unsigned_ten_to(MAX_PRECISION - dropped)
        kept, first = top + low // _unsigned_ten_to(dropped), low // _unsigned_ten_to(dropped - 1) % 10
    return kept + (first >= 5).cast(pl.UInt128)


# -- quotient ----------------------------------------------------------------------------------------


def quotient(left: pl.Expr, left_type: t.Decimal, right: pl.Expr, right_type: t.Decimal, result: t.Decimal) -> pl.Expr:
    """``left / right``, NULL where `right` is zero; rounded to 38 digits first and then to the result's, as Flink."""
    shift = result.scale - left_type.scale + right_type.scale
    if left_type.precision + shift < MAX_PRECISION:
        # few enough digits for twice the dividend, and for one rounding alone
        twice = (unscaled(left) * pl.lit(2 * 10**shift, pl.Int128)).truncdiv(unscaled(right))
        return fit(twice - twice.truncdiv(pl.lit(2, pl.Int128)), result)

    def divide(frame: pl.DataFrame) -> pl.Series:
        return _divide(frame, shift, left_type.precision, right_type.precision, result)

    return staged(divide, result.polars, left, right)


def _divide(frame: pl.DataFrame, shift: int, dividend_digits: int, divisor_digits: int, result: t.Decimal) -> pl.Series:
    """Long division of ``left * 10**shift``: as many digits a step as 38 leave room for."""
    divisor = _size(pl.col("1"))
    frame = frame.select(
        _size(pl.col("0")).alias("rest"), pl.when(divisor > 0).then(divisor).alias("divisor"), _is_negative("0", "1")
    )
    at_once = min(shift, MAX_PRECISION - dividend_digits)
    frame = frame.with_columns(pl.col("rest") * _unsigned_ten_to(at_once))
    frame = frame.with_columns(number=pl.col("rest") // pl.col("divisor"), rest=pl.col("rest") % pl.col("divisor"))
    left, step = shift - at_once, MAX_PRECISION - divisor_digits
    while left:
        digits = min(step, left)
        frame = frame.with_columns(**_next_digits(digits)) if digits else _next_digit(frame)
        left -= digits or 1
    return frame.select(_signed(_half_up_twice(), result)).to_series()


def _next_digits(digits: int) -> dict[str, pl.Expr]:
    """`digits` more digits of the quotient; NULL once they are too many."""
    factor = _unsigned_ten_to(digits)
    more = pl.col("rest") * factor
    number = pl.when(pl.col("number") < _unsigned_ten_to(MAX_PRECISION - digits)).then(pl.col("number"))
    return {"number": number * factor + more // pl.col("divisor"), "rest": more % pl.col("divisor")}


def _next_digit(frame: pl.DataFrame) -> pl.DataFrame:
    """One more digit of the quotient."""
    number = pl.when(pl.col("number") < _unsigned_ten_to(MAX_PRECISION - 1)).then(pl.col("number") * 10)
    return _ten_times(frame).with_columns(number=number + pl.col("digit"))


def _ten_times(frame: pl.DataFrame) -> pl.DataFrame:
    """`rest` times ten where that has no room in 128 bits, as `digit` times the divisor and a new `rest`."""
    frame = frame.with_columns(once=pl.col("rest"), digit=pl.lit(0, pl.UInt128))
    doubled = {"rest": pl.col("rest") * 2, "digit": pl.col("digit") * 2}
    plus_one = {"rest": pl.col("rest") + pl.col("once")}
    for step in (doubled, doubled, plus_one, doubled):  # 2, 4, 5, 10 times
        frame = frame.with_columns(**step)
        over = (pl.col("rest") >= pl.col("divisor")).cast(pl.UInt128)
        frame = frame.with_columns(rest=pl.col("rest") - over * pl.col("divisor"), digit=pl.col("digit") + over)
    return frame


def _half_up_twice() -> pl.Expr:
    """The quotient rounded, with the rounding to 38 digits that comes before: it can make a half of almost one."""
    rest, divisor, number = pl.col("rest"), pl.col("divisor"), pl.col("number")
    # twice the rest could overflow
    missing = divisor - rest
    up = rest >= missing
    missing = pl.when(~up).then(missing - rest)
    near = pl.when(missing <= divisor // 10).then(number)
    digits = pl.when(near > 0).then(near.cast(pl.String).str.len_bytes().cast(pl.Int64)).otherwise(0)
    extra = MAX_PRECISION - digits
    almost = near.is_not_null() & (extra > 0) & (missing <= divisor // _power_of_ten(extra))
    return number + (up | almost.fill_null(False)).cast(pl.UInt128)


def _power_of_ten(exponent: pl.Expr) -> pl.Expr:
    return pl.lit("1").str.pad_end(exponent.clip(0, MAX_PRECISION) + 1, "0").cast(pl.UInt128)


# -- remainder ---------------------------------------------------------------------------------------


def remainder(left: pl.Expr, left_type: t.Decimal, right: pl.Expr, right_type: t.Decimal, result: t.Decimal) -> pl.Expr:
    """``left % right`` with the sign of `left`, NULL where `right` is zero."""
    scale = max(left_type.scale, right_type.scale)
    up, down = scale - left_type.scale, scale - right_type.scale

    def divide(frame: pl.DataFrame) -> pl.Series:
        return _remainder(frame, up, down, result)

    return staged(divide, result.polars, left, right)


def _remainder(frame: pl.DataFrame, up: int, down: int, result: t.Decimal) -> pl.Series:
    divisor = _size(pl.col("1"))
    frame = frame.select(
        _size(pl.col("0")).alias("rest"),
        pl.when(divisor > 0).then(divisor).alias("divisor"),
        (unscaled(pl.col("0")) < 0).alias("negative"),
    )
    if down:
        # a divisor too large for its digits is larger than any dividend
        limit = _unsigned_ten_to(MAX_PRECISION - down)
        multiple = pl.col("divisor") * _unsigned_ten_to(down)
        reduced = pl.when(pl.col("divisor") >= limit).then(pl.col("rest")).otherwise(pl.col("rest") % multiple)
        return frame.with_columns(rest=reduced).select(_signed(pl.col("rest"), result)).to_series()
    frame = frame.with_columns(pl.col("rest") % pl.col("divisor"))
    for _ in range(up):
        frame = _ten_times(frame)
    return frame.select(_signed(pl.col("rest"), result)).to_series()


# -- parts -------------------------------------------------------------------------------------------


def _ten_to(digits: int) -> pl.Expr:
    return pl.lit(10**digits, pl.Int128)


def _unsigned_ten_to(digits: int) -> pl.Expr:
    return pl.lit(10**digits, pl.UInt128)


def _size(decimal: pl.Expr) -> pl.Expr:
    """The digits without the sign."""
    return unscaled(decimal).abs().cast(pl.UInt128)


def _is_negative(*names: str) -> pl.Expr:
    """Whether the product or quotient of two columns is below zero."""
    left, right = (unscaled(pl.col(name)) < 0 for name in names)
    return (left != right).alias("negative")


def _signed(size: pl.Expr, result: t.Decimal) -> pl.Expr:
    within = pl.when(size < _unsigned_ten_to(MAX_PRECISION)).then(size).cast(pl.Int128)
    return fit(pl.when(pl.col("negative")).then(pl.lit(0, pl.Int128) - within).otherwise(within), result)
