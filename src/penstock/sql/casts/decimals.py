"""Exact decimals in columns: through their unscaled integers, rounded half up, NULL where the digits do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from penstock.core import types as t

__all__ = ["MAX_PRECISION", "fit", "half_up", "rescaled", "unscaled"]

MAX_PRECISION = 38


def unscaled(decimal: pl.Expr) -> pl.Expr:
    """The digits of a decimal as Int128: 1.50 is 150."""
    return decimal.reinterpret(dtype=pl.Int128)


def fit(number: pl.Expr, target: t.Decimal) -> pl.Expr:
    """An unscaled Int128 as `target`; NULL where it has more digits than the precision."""
    whole = number.cast(pl.Decimal(target.precision, 0), strict=False)
    return whole.reinterpret(dtype=pl.Int128).reinterpret(dtype=target.polars)


def half_up(number: pl.Expr, digits: int) -> pl.Expr:
    """An Int128 without its last `digits` digits, rounded away from zero at a half.

    Any Int128 goes in: twice the quotient is taken first, so nothing is added that could overflow.
    """
    twice = number.truncdiv(_ten_to(digits) // 2)
    return twice - twice.truncdiv(pl.lit(2, pl.Int128))


def rescaled(decimal: pl.Expr, source: t.Decimal, target: t.Decimal) -> pl.Expr:
    """A decimal with the digits of `target`: rounded half up, NULL where it does not fit."""
    if target.scale >= source.scale:
        return decimal.cast(target.polars, strict=False)
    return fit(half_up(unscaled(decimal), source.scale - target.scale), target)


def _ten_to(digits: int) -> pl.Expr:
    return pl.lit(10**digits, pl.Int128)
