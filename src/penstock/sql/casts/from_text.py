"""Texts to numbers and booleans, with the forms that Flink accepts; NULL where a text is not one of them.

One form of Java's is missing: hexadecimal floating point (``0x1.8p1``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.casts.decimals import MAX_PRECISION, fit

if TYPE_CHECKING:
    from penstock.core import types as t
    from penstock.core.types import DataType

__all__ = ["boolean_of", "decimal_of", "float_of", "integer_of"]

_TRUE = ["t", "true", "y", "yes", "1"]
_FALSE = ["f", "false", "n", "no", "0"]

_CONTROL = "".join(map(chr, range(33)))
"""What Java's String.trim takes away."""

_FLOAT = r"^[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)$"
_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,10})?$"
# up to 18 bytes Flink reads by hand, and lets a stray ASCII character stand after the digits or the exponent
_STRAYS = "".join(c for c in map(chr, range(128)) if not c.isdigit() and c != ".")
_FAR = 10_000
_STRAY = r"[\x00-/:-\x7f]"
_SHORT_DECIMAL = (
    r"^[+-]?[0-9]*(?:\.[0-9]*)?"
    rf"(?:[eE](?:[+-]?[0-9]+{_STRAY}?|[+-]{_STRAY}|[\x00-*,./:-\x7f])?|[\x00-\-/:-DF-df-\x7f])?[ \n\t]*$"
)
_SHORT = 18
"""Bytes of a text, and digits of a type, up to which Flink reads decimals by hand."""


def boolean_of(text: pl.Expr) -> pl.Expr:
    """t, true, y, yes, 1 and their opposites, in any case."""
    word = text.str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(pl.lit(True)).when(word.is_in(_FALSE)).then(pl.lit(False))


def integer_of(text: pl.Expr, target: t.Integer) -> pl.Expr:
    """A whole number; a fraction is cut off, spaces around are allowed."""
    trimmed = text.str.strip_chars(" ")
    plain = trimmed.cast(target.polars, strict=False)
    # what is left has a point, or is no number, or is too large
    rest = pl.when(plain.is_null()).then(trimmed)
    well_formed = rest.str.contains(r"^[+-]?[0-9]*\.?[0-9]*$") & ~rest.is_in(["", "+", "-"])
    whole = rest.str.extract(r"^([+-]?[0-9]*)", 1)
    number = pl.when(whole.is_in(["", "+", "-"])).then(pl.lit("0")).otherwise(whole).cast(target.polars, strict=False)
    return plain.fill_null(pl.when(well_formed).then(number))


def float_of(text: pl.Expr, target: DataType) -> pl.Expr:
    """A floating-point number as Java reads it: NaN, Infinity, 1e5, .5, 5., 1d."""
    trimmed = text.str.strip_chars(_CONTROL)
    number = pl.when(trimmed.str.contains(_FLOAT)).then(trimmed.str.replace("[fFdD]$", ""))
    return number.cast(target.polars, strict=False)


def decimal_of(text: pl.Expr, target: t.Decimal, *, by_hand: bool = True) -> pl.Expr:
    """A decimal number with or without exponent, rounded half up to the scale of `target`.

    `by_hand` allows what Flink's reader of short texts allows; without, a text is read as Java's BigDecimal.
    """
    by_hand = by_hand and target.precision <= _SHORT
    # in steps over frames: as one expression the parts would be cut out again at each of their uses
    return text.map_batches(
        lambda s: _read_decimals(s, target, by_hand), return_dtype=target.polars, is_elementwise=True
    )


def _read_decimals(texts: pl.Series, target: t.Decimal, by_hand: bool) -> pl.Series:
    trimmed = texts.str.strip_chars(" \n\t").alias("text")
    frame = pl.DataFrame([trimmed, texts.str.len_bytes().alias("bytes")]).with_columns(
        pl.col("text").str.replace("E", "e", literal=True).str.splitn("e", 2).struct.rename_fields(["number", "power"])
    )
    frame = frame.unnest("text").with_columns(trimmed)
    number, power = pl.col("number").str.strip_chars_end(_STRAYS), pl.col("power").str.strip_chars_end(_STRAYS)
    frame = frame.with_columns(
        pl.when(pl.col("number").str.contains(".", literal=True))
        .then(number.str.len_bytes() - number.str.find(".", literal=True).fill_null(number.str.len_bytes()) - 1)
        .otherwise(0)
        .clip(0)
        .cast(pl.Int64)
        .alias("fraction"),
        number.str.replace_all(r"[+\-.]", "").alias("digits"),
        power.cast(pl.Int64, strict=False).fill_null(pl.when(power.str.len_bytes() > 1).then(_FAR).otherwise(0)),
    )
    shift = pl.col("power").clip(-_FAR, _FAR) - pl.col("fraction") + target.scale
    frame = frame.with_columns(shift.alias("shift"), well_formed=_well_formed(shift, target, by_hand)).with_columns(
        pl.when("well_formed").then(pl.col("digits").str.strip_chars_start("0")).alias("digits")
    )
    return frame.select(_rounded(target).alias(texts.name)).to_series()


def _rounded(target: t.Decimal) -> pl.Expr:
    """`digits` times ten to the power of `shift`, half up, with the sign of `text`."""
    digits = pl.col("digits")
    kept = digits.str.len_bytes().cast(pl.Int64) + pl.col("shift")
    size = pl.max_horizontal(kept, 0)
    known = pl.when((kept <= MAX_PRECISION) | (digits == "")).then(digits.str.head(size))
    whole = pl.when(digits == "").then(pl.lit("0")).otherwise(known.str.pad_end(size, "0"))
    up = (kept >= 0) & (digits.str.slice(size, 1) >= "5")
    number = whole.replace("", "0").cast(pl.Int128, strict=False) + up.cast(pl.Int128)
    return fit(number * pl.when(pl.col("text").str.starts_with("-")).then(-1).otherwise(1).cast(pl.Int128), target)


def _well_formed(shift: pl.Expr, target: t.Decimal, by_hand: bool) -> pl.Expr:
    exact = pl.col("text").str.contains(_DECIMAL)
    if not by_hand:
        return exact
    short = (
        pl.col("text").str.contains(_SHORT_DECIMAL)
        & ~pl.col("text").is_in(["", "+", "-"])
        & (pl.col("digits").str.len_bytes().cast(pl.Int64) + shift <= target.precision)  # leading zeros count
        & (shift >= -_SHORT)
    )
    return pl.when(pl.col("bytes") <= _SHORT).then(short).otherwise(exact)
