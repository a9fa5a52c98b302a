"""Partitions in the names of folders: ``date=2024-01-01/hour=7``, and the values that they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.spelling import local_timestamps
from penstock.core import types as t
from penstock.core.errors import DataError, UnsupportedError
from penstock.formats.render import floats
from penstock.formats.scalars import (
    date_value,
    decimal_value,
    float_value,
    integer_value,
    time_value,
    timestamp_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.core.types import DataType, Field

__all__ = ["by_folder", "check_partition_types", "folder_name", "folder_value", "partition_texts", "unescaped"]

_ESCAPED = re.compile(r"[\x00-\x1f\x7f\"#%'*/:=?\\{}\[\]^]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SIMPLE = (t.Boolean, t.Integer, t.Float, t.Double, t.Decimal, t.Char, t.Varchar, t.Date, t.Time, t.Timestamp)


def check_partition_types(fields: Sequence[Field], where: str) -> None:
    """Raises UnsupportedError for a column whose values no folder can be named after."""
    for field in fields:
        if not isinstance(field.type, (*_SIMPLE, t.TimestampLtz)):
            raise UnsupportedError(
                f"column '{field.name}' is {field.type.name}, no type for PARTITIONED BY",
                code="partition-type",
                where=where,
                hint="partition by a text, a number, a date or a time",
            )


def escaped(text: str) -> str:
    """`text` as part of a folder's name, as Hive and Flink write it."""
    return _ESCAPED.sub(lambda c: f"%{ord(c[0]):02X}", text)


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return _ESCAPE.sub(lambda c: chr(int(c[1], 16)), text)


def folder_name(keys: Sequence[str], texts: Sequence[str | None], default: str) -> str:
    """``key=value/...`` for the texts of a partition; NULL and empty ones have the name `default`."""
    return "/".join(f"{escaped(k)}={escaped(v or default)}" for k, v in zip(keys, texts, strict=True))


def partition_texts(series: pl.Series, data_type: DataType) -> pl.Series:
    """A column as the texts that name its folders: numbers and booleans as Java spells them, times in ISO 8601."""
    match data_type:
        case t.Char() | t.Varchar():
            return series
        case t.Date():
            return series.dt.to_string("%Y-%m-%d")
        case t.Time(precision):
            return series.dt.to_string("%H:%M:%S%.3f" if precision else "%H:%M:%S")
        case t.Timestamp() | t.TimestampLtz():
            return local_timestamps(series)
        case t.Float() | t.Double():
            return floats(series)
    return series.cast(pl.String)


def by_folder(
    frame: pl.DataFrame, fields: Sequence[Field], default: str
) -> Iterator[tuple[str, tuple[str | None, ...], pl.DataFrame]]:
    """The rows by the partition that columns `fields` tell: its folder, the texts in that, and the other columns."""
    if not fields:
        yield "", (), frame
        return
    texts = [partition_texts(frame[f.name], f.type).alias(f"$text{i}") for i, f in enumerate(fields)]
    marked = frame.drop([f.name for f in fields]).with_columns(texts)
    keys = [t.name for t in texts]
    for key, rows in marked.partition_by(keys, maintain_order=True, include_key=False, as_dict=True).items():
        yield folder_name([f.name for f in fields], key, default), key, rows


def folder_value(text: str, field: Field, default: str, where: str) -> pl.Series:
    """The value that a folder of column `field` stands for, as one row. Raises DataError if it is none."""
    dtype = field.type.polars
    if text == default:
        return pl.Series(field.name, [None], dtype=dtype)
    try:
        return pl.Series(field.name, [_physical(text, field.type)]).cast(dtype)
    except (ValueError, pl.exceptions.PolarsError):
        raise DataError(
            f"folder '{field.name}={text}' is no {field.type.name}",
            code="partition-value",
            where=where,
            hint=f"rename the folder, or declare '{field.name}' as STRING",
        ) from None


def _physical(text: str, data_type: DataType) -> Any:
    match data_type:
        case t.Boolean():
            return text.lower() == "true"
        case t.Integer():
            return integer_value(text, data_type)
        case t.Float() | t.Double():
            return float_value(text, single=isinstance(data_type, t.Float))
        case t.Decimal():
            return _decimal(text, data_type)
        case t.Date():
            return pl.Series([date_value(text)], dtype=pl.Int32).cast(pl.Date)[0]
        case t.Time():
            millis = time_value(text if text.count(":") == 2 else text + ":00")
            return pl.Series([millis * 1_000_000], dtype=pl.Int64).cast(pl.Time)[0]
        case t.Timestamp():
            separator = "T" if "T" in text or " " not in text else " "
            whole = text if separator in text else text + "T00:00"
            value = timestamp_value(whole, data_type, separator)
            return pl.Series([value], dtype=pl.Int64).cast(data_type.polars)[0]
        case t.TimestampLtz():
            value = timestamp_value(text.removesuffix("Z") + "Z", data_type, "T")
            return pl.Series([value], dtype=pl.Int64).cast(data_type.polars)[0]
    return text


def _decimal(text: str, data_type: t.Decimal) -> Any:
    from decimal import Decimal

    value = decimal_value(text, data_type)
    if value is None:
        raise ValueError(text)
    return Decimal(value).scaleb(-data_type.scale)
