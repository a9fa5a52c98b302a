"""Strings and numbers as JSON writes them: escapes, and numbers as Java's BigDecimal shows them."""

from __future__ import annotations

import polars as pl

__all__ = ["numbers", "quoted", "unescaped"]

_PLAIN = r"^(?:[1-9]\d*|-[1-9]\d*|0|-?[1-9]\d*\.\d+|0\.0{0,5}[1-9]\d*|0\.0{1,6})$"

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WRITTEN = {chr(i): f"\\u{i:04X}" for i in range(32)} | _SHORT

_SLASH, _CODE = "\ufdd0", "\ufdd1"  # no characters: no text has them
_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
_HALF = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


def quoted(text: pl.Expr) -> pl.Expr:
    """Texts as JSON strings, as Jackson writes them."""
    return pl.lit('"') + text.str.replace_many(list(_WRITTEN), list(_WRITTEN.values())) + pl.lit('"')


def unescaped(written: pl.Series) -> pl.Series:
    """The texts of JSON strings given without their quotes; half a surrogate pair becomes ``?``, as in Flink."""
    text = _parsed(written)
    halves = text.is_null() & written.is_not_null()
    if not halves.any():
        return text
    mended = written.str.replace_all("\\\\", _SLASH, literal=True)
    mended = mended.str.replace_all(_PAIR, f"{_CODE}${{1}}{_CODE}${{2}}").str.replace_all(_HALF, "?")
    mended = mended.str.replace_all(_CODE, "\\u", literal=True).str.replace_all(_SLASH, "\\\\", literal=True)
    return text.zip_with(~halves, _parsed(mended))


def _parsed(written: pl.Series) -> pl.Series:
    whole = pl.select(pl.lit('"') + pl.lit(written) + pl.lit('"')).to_series()
    return whole.str.json_path_match("$").rename(written.name)


def numbers(written: pl.Series) -> pl.Series:
    """Numbers of JSON as ``new BigDecimal(number).toString()``, whole ones as BigInteger: exact, with their zeros."""
    plain = written.str.contains(_PLAIN)
    if plain.all():
        return written
    others = (
        written.filter(~plain).to_frame("number").lazy().select(_big_decimal(pl.col("number"))).collect().to_series()
    )
    return written.scatter((~plain).arg_true(), others)


def _big_decimal(number: pl.Expr) -> pl.Expr:
    negative = number.str.starts_with("-")
    whole = number.str.extract(r"^-?(\d+)", 1)
    fraction = number.str.extract(r"\.(\d+)", 1).fill_null("")
    exponent = number.str.extract(r"[eE]([+-]?\d+)$", 1).str.strip_prefix("+").cast(pl.Int64, strict=False).fill_null(0)
    digits = (whole + fraction).str.strip_chars_start("0")
    digits = pl.when(digits == "").then(pl.lit("0")).otherwise(digits)
    count = digits.str.len_bytes().cast(pl.Int64)
    scale = fraction.str.len_bytes().cast(pl.Int64) - exponent
    adjusted = count - 1 - scale
    padded = pl.when(scale >= count).then(_zeros(scale - count + 1) + digits).otherwise(digits)
    point = padded.str.len_bytes().cast(pl.Int64) - scale
    plain = padded.str.slice(0, point.clip(0)) + pl.lit(".") + padded.str.slice(point.clip(0))
    tail = pl.when(count > 1).then(pl.lit(".") + digits.str.slice(1)).otherwise(pl.lit(""))
    sign = pl.when(adjusted > 0).then(pl.lit("E+")).otherwise(pl.lit("E"))
    scientific = digits.str.slice(0, 1) + tail + sign + adjusted.cast(pl.String)
    shown = pl.when(scale == 0).then(digits).when((scale > 0) & (adjusted >= -6)).then(plain).otherwise(scientific)
    minus = pl.when(negative & (digits != "0")).then(pl.lit("-")).otherwise(pl.lit(""))
    return minus + shown


def _zeros(count: pl.Expr) -> pl.Expr:
    # only a few are ever used: a number with more is written with an exponent
    return pl.lit("0" * 8).str.slice(0, count.clip(0, 8))
