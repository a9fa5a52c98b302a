"""Rows as plain values: what a changelog, JSON output and the oracle's comparison show.

Numbers, booleans and texts as they are; DECIMAL, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ (UTC, ending in Z), NaN and
the infinities as text; BYTES as 0x and hexadecimal digits; an INTERVAL as its milliseconds or months; a ROW as
a dict, an ARRAY as a list, a MAP or MULTISET as a list of [key, value].
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from penstock.core import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from penstock.core.types import DataType, Field

__all__ = ["as_text", "byte_text", "fields_of", "plain", "plain_columns", "plain_rows"]


def fields_of(frame: pl.DataFrame) -> tuple[Field, ...]:
    """The columns of a frame as Flink's types, for rows that no SQL of Flink's has made."""
    return tuple(t.Field(name, _type_of(dtype)) for name, dtype in frame.schema.items())


def plain_columns(frame: pl.DataFrame, fields: Sequence[Field]) -> list[list[Any]]:
    """The columns of `fields`, each as plain values."""
    return [_plain_column(frame[f.name], f.type) for f in fields]


def plain_rows(frame: pl.DataFrame, fields: Sequence[Field]) -> Iterator[dict[str, Any]]:
    """Each row of `frame`, which has the columns of `fields`, as plain values."""
    columns = plain_columns(frame, fields)
    names = [f.name for f in fields]
    for values in zip(*columns, strict=True) if columns else ([()] * frame.height):
        yield dict(zip(names, values, strict=True))


def _type_of(dtype: pl.DataType) -> DataType:  # one case per type
    import polars as pl

    match dtype:
        case pl.Boolean():
            return t.BOOLEAN
        case pl.Float32():
            return t.FLOAT
        case pl.Float64():
            return t.DOUBLE
        case pl.Decimal(precision=precision, scale=scale):
            return t.Decimal(precision or 38, scale)
        case pl.Binary():
            return t.BYTES
        case pl.Date():
            return t.DATE
        case pl.Time():
            return t.Time(3)
        case pl.Datetime(time_unit=unit, time_zone=zone):
            precision = {"ms": 3, "us": 6, "ns": 9}[unit]
            return t.Timestamp(precision) if zone is None else t.TimestampLtz(precision)
        case pl.Duration():
            return t.IntervalDay()
        case pl.List(inner=inner) | pl.Array(inner=inner):
            return t.Array(_type_of(inner))  # type: ignore[arg-type]
        case pl.Struct(fields=fields):
            return t.Row(tuple(t.Field(f.name, _type_of(f.dtype)) for f in fields))  # type: ignore[arg-type]
    return t.BIGINT if dtype.is_integer() else t.STRING


def _plain_column(series: pl.Series, data_type: DataType) -> list[Any]:
    match data_type:
        case t.Boolean() | t.Integer() | t.Char() | t.Varchar() | t.IntervalYear():
            return series.to_list()
        case t.Timestamp(precision) | t.TimestampLtz(precision) if precision > 6:
            digits = series.dt.to_string("%Y-%m-%d %H:%M:%S.%f").to_list()
            end = "Z" if isinstance(data_type, t.TimestampLtz) else ""
            return [v if v is None else v[: 20 + precision] + end for v in digits]
        case t.Timestamp(0 | 3 | 6 as precision) | t.TimestampLtz(0 | 3 | 6 as precision):
            fraction = f"%.{precision}f" if precision else ""
            end = "Z" if isinstance(data_type, t.TimestampLtz) else ""
            return series.dt.strftime(f"%Y-%m-%d %H:%M:%S{fraction}{end}").to_list()
        case t.Double() if series.is_finite().all():
            return series.to_list()
    return [plain(v, data_type) for v in series.to_list()]


def plain(value: Any, data_type: DataType) -> Any:
    """One value of `data_type`, as Polars gives it to Python, as a plain one."""
    if value is None:
        return None
    match data_type:
        case t.Float() | t.Double():
            if math.isfinite(value):
                return _short(value) if isinstance(data_type, t.Float) else value
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case t.Decimal():
            return f"{value:f}"
        case t.Date():
            return value.isoformat()
        case t.Time(precision):
            return value.strftime("%H:%M:%S") + (f".{value.microsecond // 1000:03d}" if precision else "")
        case t.Timestamp(precision):
            return _timestamp(value, precision)
        case t.TimestampLtz(precision):
            return _timestamp(value, precision) + "Z"
        case t.Binary() | t.Varbinary():
            return "0x" + value.hex()
        case t.IntervalDay():
            return value // dt.timedelta(milliseconds=1)
        case t.Array(element):
            return [plain(v, element) for v in value]
        case t.Map(key, item):
            return [[plain(e["key"], key), plain(e["value"], item)] for e in value]
        case t.Multiset(element):
            return [[plain(e["key"], element), e["value"]] for e in value]
        case t.Row(fields):
            return {f.name: plain(value[f.name], f.type) for f in fields}
    return value


def _short(value: float) -> float:
    """A FLOAT by the fewest digits that mean it."""
    import numpy as np

    return float(str(np.float32(value)))


def _timestamp(value: dt.datetime, precision: int) -> str:
    text = f"{value.year:04d}" + value.strftime("-%m-%d %H:%M:%S")
    return text + ("." + f"{value.microsecond:06d}000"[:precision] if precision else "")


def as_text(values: pl.Series) -> pl.Series:
    """Bytes as text where they are UTF-8, else as 0x and hexadecimal digits."""
    import polars as pl

    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(values.name, [None if v is None else byte_text(v) for v in values.to_list()], pl.String)


def byte_text(data: bytes) -> str:
    """Bytes as `as_text` says."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "0x" + data.hex()
