"""Values as texts, in Flink's forms; the lengths of CHAR and VARCHAR.

Floating-point numbers have the shortest digits that read back as the same number, as from Java 19 on; on an older
Java Flink prints a few of them with more digits (2.0E23 as 1.9999999999999998E23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import ComputeError

from penstock.core import types as t
from penstock.sql.casts.zones import to_wall

if TYPE_CHECKING:
    from penstock.core.types import DataType

__all__ = ["binary_to_text", "sized_binary", "sized_text", "text_of"]

_NULL = "NULL"


def text_of(value: pl.Expr, source: DataType, zone: str) -> pl.Expr:
    """A value of any type as STRING; NULL stays NULL, inside of ARRAY, MAP and ROW it is the word."""
    match source:
        case t.Char() | t.Varchar():
            return value
        case t.Binary() | t.Varbinary():
            return binary_to_text(value)
        case t.Boolean():
            return value.cast(pl.String).str.to_uppercase()
        case t.Float() | t.Double():
            return _float(value)
        case t.Date() | t.Integer() | t.Decimal():
            return value.cast(pl.String)
        case t.Time(precision):
            return _time(value, precision)
        case t.Timestamp(precision):
            return _timestamp(value, precision)
        case t.TimestampLtz(precision):
            return _timestamp(to_wall(value, zone), precision)
        case t.IntervalYear():
            return _months(value)
        case t.IntervalDay():
            return _milliseconds(value)
    return _nested(value, source, zone)


def _nested(value: pl.Expr, source: DataType, zone: str) -> pl.Expr:
    def part(expr: pl.Expr, data_type: DataType) -> pl.Expr:
        return text_of(expr, data_type, zone).fill_null(_NULL)

    match source:
        case t.Array(element):
            return "[" + value.list.eval(part(pl.element(), element)).list.join(", ") + "]"
        case t.Map() | t.Multiset():
            key = source.key if isinstance(source, t.Map) else source.element
            item = source.value if isinstance(source, t.Map) else t.INT
            fields = pl.element().struct
            pair = part(fields.field("key"), key) + "=" + part(fields.field("value"), item)
            return "{" + value.list.eval(pair).list.join(", ") + "}"
        case t.Row(fields):
            parts = [part(value.struct.field(f.name), f.type) for f in fields]
            joined = pl.concat_str(parts, separator=", ") if parts else pl.lit("")
            return pl.when(value.is_not_null()).then("(" + joined + ")")
    raise TypeError(f"{source} has no text")


def _float(value: pl.Expr) -> pl.Expr:
    """Java's form: 0.001 to 9999999.9 plainly, others as 1.0E10."""
    plain = value.cast(pl.String)
    size = value.abs()
    odd = ~((size == 0) | ((size >= 1e-3) & (size < 1e7)))
    return pl.when(odd).then(_scientific(pl.when(odd).then(plain))).otherwise(plain)


def _scientific(text: pl.Expr) -> pl.Expr:
    # in steps over frames, as the parts are used several times
    return text.map_batches(_write_scientific, return_dtype=pl.String, is_elementwise=True)


def _write_scientific(texts: pl.Series) -> pl.Series:
    """``12345678.9``, ``1.5e+16`` and ``0.00099`` to 1.23456789E7, 1.5E16 and 9.9E-4; inf to Infinity."""
    if texts.null_count() == len(texts):
        return texts
    sign, digits = pl.col("sign").fill_null(""), pl.col("whole") + pl.col("fraction").fill_null("")
    power = pl.col("power").cast(pl.Int64).fill_null(0)
    frame = (
        texts.to_frame("text")
        .with_columns(
            pl.col("text").str.extract_groups(
                r"^(?<sign>-)?(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:e(?<power>[+-]?\d+))?$"
            )
        )
        .unnest("text")
        .with_columns(sign, digits.str.strip_chars_start("0").alias("significant"), digits.alias("digits"))
    )
    zeros = pl.col("digits").str.len_bytes().cast(pl.Int64) - pl.col("significant").str.len_bytes().cast(pl.Int64)
    exponent = pl.col("whole").str.len_bytes().cast(pl.Int64) - 1 - zeros + power
    rest = pl.col("significant").str.slice(1).str.strip_chars_end("0").replace("", "0")
    written = pl.col("sign") + pl.col("significant").str.head(1) + "." + rest + "E" + exponent.cast(pl.String)
    special = texts.replace({"inf": "Infinity", "-inf": "-Infinity"})
    return frame.select(written.fill_null(special).alias(texts.name)).to_series()


def _time(value: pl.Expr, precision: int) -> pl.Expr:
    """``10:11:12``; with a precision, the fraction without closing zeros but with one digit at least."""
    if precision == 0:
        return value.dt.to_string("%H:%M:%S")
    digits = value.dt.to_string("%H:%M:%S%.3f")
    shortened = digits.str.strip_chars_end("0")
    return pl.when(shortened.str.ends_with(".")).then(shortened + "0").otherwise(shortened)


def _timestamp(value: pl.Expr, precision: int) -> pl.Expr:
    kept = 3 if precision <= 3 else 6 if precision <= 6 else 9
    if precision == 0:
        return value.dt.to_string("%Y-%m-%d %H:%M:%S")
    text = value.dt.to_string(f"%Y-%m-%d %H:%M:%S%.{kept}f")
    return text if precision == kept else text.str.head(precision - kept)


def _months(value: pl.Expr) -> pl.Expr:
    size = value.abs()
    return pl.concat_str(_sign(value), size // 12, pl.lit("-"), (size % 12).cast(pl.String).str.zfill(2))


def _milliseconds(value: pl.Expr) -> pl.Expr:
    number = value.to_physical()
    size = number.abs()
    clock = size.mod(86_400_000).cast(pl.Datetime("ms")).dt.to_string("%H:%M:%S%.3f")
    return pl.concat_str(_sign(number), size // 86_400_000, pl.lit(" "), clock)


def _sign(number: pl.Expr) -> pl.Expr:
    return pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit("+"))


def sized_text(text: pl.Expr, source: DataType, target: DataType) -> pl.Expr:
    """`text`, once of type `source`, cut to the length of `target`, and filled up with spaces for CHAR."""
    assert isinstance(target, (t.Char, t.Varchar))
    length = source.length if isinstance(source, (t.Char, t.Varchar)) else t.MAX_LENGTH
    if length > target.length:
        text = text.str.head(target.length)
    if isinstance(target, t.Char) and not (isinstance(source, t.Char) and length >= target.length):
        text = text.str.pad_end(target.length, " ")
    return text


def sized_binary(binary: pl.Expr, source: DataType, target: DataType) -> pl.Expr:
    """`binary`, once of type `source`, cut to the length of `target`, and filled up with zeros for BINARY."""
    assert isinstance(target, (t.Binary, t.Varbinary))
    length = source.length if isinstance(source, (t.Binary, t.Varbinary)) else t.MAX_LENGTH
    if length > target.length:
        binary = binary.bin.head(target.length)
    if isinstance(target, t.Binary) and not (isinstance(source, t.Binary) and length >= target.length):
        binary = binary.bin.encode("hex").str.pad_end(2 * target.length, "0").str.decode("hex", strict=False)
    return binary


def binary_to_text(binary: pl.Expr) -> pl.Expr:
    """Bytes read as UTF-8; what is none becomes the replacement character."""
    return binary.map_batches(_read_utf8, return_dtype=pl.String, is_elementwise=True)


def _read_utf8(binaries: pl.Series) -> pl.Series:
    try:
        return binaries.cast(pl.String)
    except ComputeError:
        known = binaries.unique().drop_nulls()
        texts = [value.decode("utf-8", "replace") for value in known]
        return binaries.replace_strict(known, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)
