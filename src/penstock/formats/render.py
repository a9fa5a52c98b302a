"""Values as text, as Java spells them: a column at a time.

Each function takes a Series and gives a String series, null where the value is null.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["clock_times", "dates", "decimals", "floats", "java_double", "plain_decimals", "timestamps"]

_TINY = 1e-300
"""Below it doubles have so few digits that Java's rule of two digits shows."""
_PER_SECOND = {"ms": 3, "us": 6, "ns": 9}


def java_double(value: float) -> str:
    """Double.toString: the fewest digits that read back as the same, at least two.

    Where two digits do, the nearest; an exponent outside of 10^-3 to 10^7. (Java before 19 had a few spellings with
    one digit too many.)
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    two = f"{value:.1e}"
    mantissa, exponent = two.split("e") if float(two) == value else _fewest(value)
    return f"{mantissa}E{int(exponent)}"


def _fewest(value: float) -> list[str]:
    """The shortest digits, as a mantissa of one digit before the point, and the exponent."""
    sign = "-" if value < 0 else ""
    mantissa, _, shift = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    figures = (whole + fraction).lstrip("0")
    exponent = int(shift or 0) + len(whole) - 1 - (len(whole + fraction) - len(figures) if whole == "0" else 0)
    figures = figures.rstrip("0")
    return [f"{sign}{figures[0]}.{figures[1:] or '0'}", str(exponent)]


def floats(values: pl.Series) -> pl.Series:
    """FLOAT and DOUBLE: NaN, Infinity, 1.0, 1.0E7."""
    size = values.abs()
    texts = values.cast(pl.String)
    odd = ((size >= 1e7) | ((size < 1e-3) & (size > 0)) | values.is_nan()).fill_null(False)
    if not odd.any():
        return texts
    return _replaced(texts, odd, lambda some: _odd_floats(values.filter(odd), some))


def _odd_floats(values: pl.Series, texts: pl.Series) -> pl.Series:
    """Those that need an exponent or a word: `texts` is Polars' spelling (12.5e+20, 12345678.0, 0.00012)."""
    parts = pl.DataFrame({"value": values, "text": texts}).with_columns(
        sign=pl.when(pl.col("text").str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit("")),
        split=pl.col("text").str.strip_prefix("-").str.split_exact("e", 1),
    )
    parts = parts.with_columns(
        whole=pl.col("split").struct[0].str.extract(r"^([0-9]+)"),
        fraction=pl.col("split").struct[0].str.extract(r"\.([0-9]+)$").fill_null(""),
        shift=pl.col("split").struct[1].cast(pl.Int32, strict=False).fill_null(0),
    ).with_columns(figures=(pl.col("whole") + pl.col("fraction")).str.strip_chars_start("0"))
    zeros = (pl.col("whole") + pl.col("fraction")).str.len_bytes().cast(pl.Int32) - pl.col("figures").str.len_bytes()
    power = pl.col("shift") + pl.col("whole").str.len_bytes().cast(pl.Int32) - 1 - zeros
    figures = pl.col("figures").str.strip_chars_end("0")
    rest = figures.str.slice(1)
    spelt = pl.concat_str(
        "sign",
        figures.str.slice(0, 1),
        pl.lit("."),
        pl.when(rest == "").then(pl.lit("0")).otherwise(rest),
        pl.lit("E"),
        power.cast(pl.String),
    )
    words = pl.when(pl.col("value").is_nan()).then(pl.lit("NaN")).otherwise(pl.col("sign") + "Infinity")
    done = parts.select(pl.when(pl.col("value").is_finite()).then(spelt).otherwise(words)).to_series()
    tiny = values.abs() < _TINY
    if values.dtype == pl.Float64 and tiny.any():
        spellings = [java_double(v) for v in values.filter(tiny).to_list()]
        return done.scatter(tiny.arg_true(), spellings)
    return done


def _replaced(texts: pl.Series, where: pl.Series, spell: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`texts` with those `where` replaced by what `spell` makes of them."""
    return texts.scatter(where.arg_true(), spell(texts.filter(where)))


def plain_decimals(values: pl.Series) -> pl.Series:
    """DECIMAL with all places of its scale: BigDecimal.toPlainString."""
    return values.cast(pl.String)


def decimals(values: pl.Series) -> pl.Series:
    """DECIMAL without trailing zeros: BigDecimal.toString of stripTrailingZeros, so 100 is 1E+2."""
    texts = values.cast(pl.String)
    pointed = texts.str.contains(".", literal=True).fill_null(False)
    if pointed.any():
        texts = _replaced(texts, pointed, lambda some: some.str.strip_chars_end("0").str.strip_chars_end("."))
    whole = (texts.str.ends_with("0") & ~texts.str.contains(".", literal=True) & (texts != "0")).fill_null(False)
    if (texts == "-0").any():
        texts = texts.replace("-0", "0")
    small = texts.str.contains(r"^-?0\.000000").fill_null(False)
    if whole.any():
        texts = _replaced(texts, whole, lambda some: _scientific(some, "-?0*([1-9][0-9]*?)0*$", whole=True))
    if small.any():
        texts = _replaced(texts, small, lambda some: _scientific(some, "([1-9][0-9]*)$", whole=False))
    return texts


def _scientific(texts: pl.Series, figures: str, *, whole: bool) -> pl.Series:
    """As a digit, a fraction and an exponent; `figures` is the pattern that finds the digits that count."""
    parts = pl.DataFrame({"text": texts}).with_columns(figures=pl.col("text").str.extract(figures))
    sign = pl.when(pl.col("text").str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    size = pl.col("text").str.strip_prefix("-").str.len_bytes().cast(pl.Int32)
    # whole: one less than the digits; below one: how far the first digit is behind the point
    power = size - 1 if whole else pl.col("figures").str.len_bytes().cast(pl.Int32) - size + 1
    rest = pl.col("figures").str.slice(1)
    return parts.select(
        pl.concat_str(
            sign,
            pl.col("figures").str.slice(0, 1),
            pl.when(rest == "").then(pl.lit("")).otherwise("." + rest),
            pl.lit("E+" if whole else "E"),
            power.cast(pl.String),
        )
    ).to_series()


def dates(values: pl.Series) -> pl.Series:
    """DATE: 2024-01-02; years beyond 9999 with a plus, as Java's ISO_LOCAL_DATE."""
    return values.cast(pl.String)


def clock_times(values: pl.Series) -> pl.Series:
    """TIME: 03:04:05, with the digits of the second's fraction that are not zero."""
    return _with_fraction(values.dt.strftime("%H:%M:%S"), values.dt.nanosecond(), 9)


def timestamps(values: pl.Series, separator: str, *, zulu: bool = False) -> pl.Series:
    """TIMESTAMP and TIMESTAMP_LTZ (`zulu`, with a Z behind), with the fraction's digits that are not zero."""
    digits = _PER_SECOND[values.dtype.time_unit]  # type: ignore[attr-defined]
    base = values.dt.strftime(f"%Y-%m-%d{separator}%H:%M:%S")
    fraction = values.to_physical() % 10**digits
    text = _with_fraction(base, fraction, digits)
    return text + "Z" if zulu else text


def _with_fraction(base: pl.Series, fraction: pl.Series, digits: int) -> pl.Series:
    if not (fraction != 0).any():
        return base
    text = fraction.cast(pl.String).str.zfill(digits).str.strip_chars_end("0")
    return pl.select(pl.when(text == "").then(base).otherwise(base + "." + text)).to_series()
