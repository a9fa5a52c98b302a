"""Values as Java prints them (toString of what Flink hands out): for lines to be read, and names of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.formats.render import floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.core.types import DataType

__all__ = ["java_texts", "local_timestamps"]

_FULL = "%Y-%m-%dT%H:%M:%S%.9f"
_NULL = "null"


def java_texts(values: pl.Series, data_type: DataType) -> pl.Series:
    """A column as texts; NULL as ``null``. Arrays ``[1, 2]``, maps ``{k=v}``, rows ``+I[1, a]``."""
    match data_type:
        case t.Array(element=element):
            return _joined(values, "[]", lambda inner: java_texts(inner, element))
        case t.Map(key=key, value=value):
            return _joined(values, "{}", lambda inner: _entries(inner, key, value))
        case t.Multiset(element=element):
            return _joined(values, "{}", lambda inner: _entries(inner, element, t.INT))
        case t.Row(fields=fields):
            parts = [java_texts(values.struct.field(f.name), f.type) for f in fields]
            text = pl.select(
                pl.concat_str(pl.lit("+I["), pl.concat_str(parts, separator=", "), pl.lit("]"))
            ).to_series()
            return pl.select(pl.when(pl.lit(values.is_null())).then(pl.lit(_NULL)).otherwise(text)).to_series()
    return _plain(values, data_type).fill_null(_NULL)


def _plain(values: pl.Series, data_type: DataType) -> pl.Series:
    match data_type:
        case t.Float() | t.Double():
            return floats(values)
        case t.Decimal(scale=scale):
            return _decimals(values) if scale > 6 else values.cast(pl.String)
        case t.Date():
            return values.dt.to_string("%Y-%m-%d")
        case t.Time():
            return _short(values.dt.to_string("%H:%M:%S%.9f")).str.replace(r"^(\d\d:\d\d):00$", "$1")
        case t.Timestamp():
            return local_timestamps(values)
        case t.TimestampLtz():
            return _short(values.dt.to_string(_FULL)) + "Z"
        case t.Binary() | t.Varbinary():
            return _each(values, lambda v: f"[{', '.join(str(b - 256 if b > 127 else b) for b in v)}]")
        case t.IntervalDay():
            return _each(values.cast(pl.Int64), _duration)
        case t.IntervalYear():
            return _each(values, lambda v: f"P{v}M" if v else "P0D")
    return values.cast(pl.String)


def local_timestamps(values: pl.Series) -> pl.Series:
    """LocalDateTime: ``2024-01-02T03:04``, ``2024-01-02T03:04:05.120``."""
    return _short(values.dt.to_string(_FULL)).str.replace(r"(T\d\d:\d\d):00$", "$1")


def _short(texts: pl.Series) -> pl.Series:
    """A fraction of nine digits as one of nine, six, three, or none."""
    return texts.str.replace(r"(\.\d{3}(?:\d{3})??)(?:000)+$", "$1").str.replace(r"\.000$", "")


def _decimals(values: pl.Series) -> pl.Series:
    """BigDecimal: small ones have an exponent, as Python's Decimal writes it."""
    texts = values.cast(pl.String)
    small = (values.cast(pl.Float64).abs() < 1e-6).fill_null(False)
    return texts.scatter(small.arg_true(), _each(values.filter(small), str)) if small.any() else texts


def _each(values: pl.Series, spell: Callable[[Any], str]) -> pl.Series:
    return pl.Series([None if v is None else spell(v) for v in values.to_list()], dtype=pl.String)


def _duration(millis: int) -> str:
    """Duration.toString: hours, minutes and seconds, each with the sign."""
    seconds, rest = divmod(abs(millis), 1000)
    sign = "-" if millis < 0 else ""
    fraction = f".{rest:03d}".rstrip("0") if rest else ""
    parts = [(seconds // 3600, "H", ""), (seconds // 60 % 60, "M", ""), (seconds % 60, "S", fraction)]
    return "PT" + ("".join(f"{sign}{n}{f}{unit}" for n, unit, f in parts if n or f) or "0S")


def _entries(values: pl.Series, key: DataType, value: DataType) -> pl.Series:
    keys, items = java_texts(values.struct.field("key"), key), java_texts(values.struct.field("value"), value)
    return keys + "=" + items


def _joined(values: pl.Series, brackets: str, spell: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Lists between brackets; `spell` makes texts of their elements."""
    rows = pl.DataFrame({"row": np.arange(len(values)), "value": values}).filter(pl.col("value").list.len() > 0)
    flat = rows.explode("value")
    texts = (
        flat.select("row", text=spell(flat["value"]))
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").str.join(", "))
    )
    empty = pl.select(pl.when(pl.lit(values.is_null())).then(pl.lit(_NULL)).otherwise(pl.lit(brackets))).to_series()
    return empty.scatter(texts["row"], brackets[0] + texts["text"] + brackets[1])
